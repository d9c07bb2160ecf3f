import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { parse } from "yaml";
import { CLUSTER_SPIFFE_IDS } from "../../../components/names";
import { clusterSpiffeIdSpec } from "../../../components/spire/clusterSpiffeId";
import { dependencyDir, moduleSource } from "../../../sandbox/build/binaries";
import { CONTROLLER_MANAGER } from "../../../sandbox/build/testPrograms";
import { decodeSettings } from "../../../settings/decode";
import { decode } from "../../unit/components/spire/arbitrary";
import { at, render, useMocks } from "./render";

const postgres = {
    ...{ type: "postgres", host: "db.example.org", passwordSecret: { name: "db" } },
};

before(useMocks);

async function rendered(spire: object) {
    const all = await render(decode(spire));
    const pod = at(all["StatefulSet/spire-server"], "spec.template.spec");
    const data = at(all["ConfigMap/spire-server"], "data") as Record<string, string>;
    return { all, pod, text: data["controller-manager.json"] };
}

test("without the setting there is nothing of it", async () => {
    const { all, pod, text } = await rendered({});
    assert.equal(at(pod, "containers.length"), 1);
    assert.equal(text, undefined);
    assert.ok(!Object.keys(all).some((key) => /controller-manager|spiffe\.io/.test(key)));
});

test("it keeps to entries with its prefix, objects of its class, and pods of others", async () => {
    const spire = { server: { namespace: "spire-server" }, agent: { namespace: "spire-agents" } };
    const { text } = await rendered({ ...spire, controllerManager: { className: "shop" } });
    const conf = JSON.parse(text!) as Record<string, unknown>;
    assert.equal(conf.entryIDPrefix, "controller_manager");
    assert.equal(conf.className, "shop");
    assert.equal(conf.watchClassless, undefined);
    assert.equal(conf.gcInterval, 10_000_000_000);
    assert.deepEqual(conf.reconcile, { clusterSPIFFEIDs: true });
    assert.deepEqual(conf.ignoreNamespaces, ["^kube-system$", "^spire-agents$", "^spire-server$"]);
    assert.deepEqual(conf.leaderElection, {
        leaderElect: false,
        resourceName: "spire-controller-manager",
        resourceNamespace: "spire-server",
    });
});

test("it shares the server's socket, as a container that the restricted level admits", async () => {
    const { pod } = await rendered({ controllerManager: {} });
    const [server, manager] = at(pod, "containers") as object[];
    const mounts = at(manager, "volumeMounts") as { name: string; mountPath: string }[];
    assert.deepEqual(mounts, (at(server, "volumeMounts") as object[]).slice(0, 2));
    assert.deepEqual(
        mounts.map(({ name }) => name),
        ["config", "socket"],
    );
    assert.equal(at(manager, "image"), "ghcr.io/spiffe/spire-controller-manager:0.6.3");
    assert.deepEqual(at(manager, "securityContext"), at(server, "securityContext"));
    assert.equal(at(manager, "readinessProbe"), undefined);
    const checksum = async (spire: object) =>
        at(
            (await rendered(spire)).all["StatefulSet/spire-server"],
            "spec.template.metadata.annotations",
        );
    const others = await checksum({ controllerManager: { gcInterval: "1m" } });
    assert.notDeepEqual(await checksum({ controllerManager: {} }), others);
});

test("its image comes from the mirror, or is taken as it is named", async () => {
    const images = { registry: "registry.example.org/mirror" };
    const image = async (controllerManager: object) => {
        const stack = { trustDomain: "example.org", clusterName: "east", images };
        const all = await render(decodeSettings({ ...stack, spire: { controllerManager } }));
        return at(all["StatefulSet/spire-server"], "spec.template.spec.containers.1.image");
    };
    const path = "spiffe/spire-controller-manager:0.6.3";
    assert.equal(await image({}), `registry.example.org/mirror/${path}`);
    const own = { image: "example.org/own/manager", version: "0.6.2" };
    assert.equal(await image(own), "example.org/own/manager:0.6.2");
});

test("its rights are to look, and to write the status of its own kind", async () => {
    const { all } = await rendered({ controllerManager: {} });
    const rules = at(all["ClusterRole/spire-controller-manager"], "rules") as {
        resources: string[];
        verbs: string[];
    }[];
    const changing = rules.filter(({ verbs }) =>
        verbs.some((verb) => !["get", "list", "watch"].includes(verb)),
    );
    assert.deepEqual(
        changing.map(({ resources, verbs }) => [resources, verbs]),
        [[["clusterspiffeids/status"], ["update"]]],
    );
    assert.equal(all["Role/spire-controller-manager"], undefined);
    const server = { replicas: 2, datastore: postgres };
    const several = await rendered({ controllerManager: {}, server });
    assert.ok(several.all["Role/spire-controller-manager"]);
    assert.ok(several.all["RoleBinding/spire-controller-manager"]);
    assert.match(several.text!, /"leaderElect": true/);
});

test("its kind is that of its release, but for the descriptions", async () => {
    const module = await dependencyDir(CONTROLLER_MANAGER, moduleSource("kubernetes"));
    const file = join(module, "config/crd/bases/spire.spiffe.io_clusterspiffeids.yaml");
    const crd = parse(await readFile(file, "utf8")) as { metadata: { name: string }; spec: object };
    assert.equal(crd.metadata.name, CLUSTER_SPIFFE_IDS);
    const plain = JSON.stringify(crd.spec, (key, value: unknown) =>
        key === "description" && typeof value === "string" ? undefined : value,
    );
    assert.deepEqual(JSON.parse(JSON.stringify(clusterSpiffeIdSpec)), JSON.parse(plain));
});
