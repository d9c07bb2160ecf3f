/** A SPIRE of others on a cluster: found where the settings say, or refused with where it is and what it lacks. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { objectKey } from "../../../../doctor/ownership";
import { requireCluster } from "../../../../doctor/requirements";
import { decodeSettings } from "../../../../settings/decode";
import { useFakeCluster } from "../../../support/fakeCluster";
import { CHART, CHART_POD } from "./confs";

const ID = { project: "cilium-spire", stack: "dev" };
const LABELS = { "app.kubernetes.io/name": "server", "app.kubernetes.io/instance": "spire" };
const MANAGER = "kind: ControllerManagerConfig\nentryIDPrefix: precinct-99\n";

/** What there is, by path; as helm-charts-hardened makes it. */
let objects: Record<string, object> = {};

beforeEach(() => {
    const server = "namespaces/spire-server";
    objects = {
        version: { gitVersion: "v1.34.0", major: "1", minor: "34" },
        [`${server}/statefulsets/spire-server`]: serverSet(),
        [`${server}/services/spire-server`]: {
            spec: {
                clusterIP: "10.0.0.7",
                selector: LABELS,
                ports: [{ name: "grpc", port: 443 }],
            },
        },
        [`${server}/configmaps/spire-controller-manager`]: {
            data: { "controller-manager-config.yaml": MANAGER },
        },
        "namespaces/spire-system/daemonsets/spire-agent": {
            spec: { template: { spec: CHART_POD } },
        },
        "namespaces/spire-system/configmaps/spire-agent": {
            data: { "agent.conf": JSON.stringify(CHART) },
        },
        statefulsets: { items: [at("other", "db", "postgres:16")] },
        daemonsets: { items: [] },
        deployments: { items: [] },
    };
});

function serverSet(image = "ghcr.io/spiffe/spire-server:1.15.3"): object {
    return {
        metadata: { name: "spire-server", namespace: "spire-server" },
        spec: {
            template: {
                metadata: { labels: { ...LABELS, "app.kubernetes.io/component": "server" } },
                spec: {
                    containers: [
                        { name: "spire-server", image },
                        { name: "spire-controller-manager", image: "x:1" },
                    ],
                    volumes: [
                        {
                            name: "controller-manager-config",
                            configMap: { name: "spire-controller-manager" },
                        },
                    ],
                },
            },
        },
    };
}

function at(namespace: string, name: string, image: string): object {
    const containers = [{ name: "main", image }];
    return { metadata: { namespace, name }, spec: { template: { spec: { containers } } } };
}

useFakeCluster((path) => objects[path.replace(/^\/((api|apis\/[^/]+)\/v1\/)?/, "")]);

async function refusal(spire: object = {}, known?: string[]): Promise<string> {
    const settings = decodeSettings({
        trustDomain: "demo.local",
        clusterName: "precinct-99",
        protect: false,
        spire: { mode: "external", ...spire },
    });
    const state = known && (() => Promise.resolve(new Set(known)));
    return await requireCluster(settings, ID, state).then(
        () => "",
        (error: unknown) => (error as Error).message,
    );
}

test("a SPIRE of helm-charts-hardened is taken, with its objects in nobody's way", async () => {
    assert.equal(await refusal(), "");
    assert.equal(await refusal({}, []), "");
});

test("one that is elsewhere is refused, with where it is", async () => {
    const { "namespaces/spire-server/statefulsets/spire-server": _, ...rest } = objects;
    objects = {
        ...rest,
        statefulsets: { items: [at("id", "spire", "reg:5000/spire-server:1.15.3")] },
    };
    assert.match(
        await refusal(),
        /spire\.server\.namespace = "spire-server": has no StatefulSet "spire-server"; one that looks like it is StatefulSet id\/spire: set spire\.server\.namespace and spire\.server\.statefulSet to that/,
    );
    objects.statefulsets = { items: [] };
    objects.deployments = { items: [at("id", "spire", "ghcr.io/spiffe/spire-server:1.15.3")] };
    assert.match(
        await refusal(),
        /Deployment id\/spire looks like .*spire-server\.kind: statefulset/,
    );
    objects.deployments = { items: [] };
    assert.match(
        await refusal(),
        /no StatefulSet of the cluster looks like a SPIRE server; set spire/,
    );
    assert.match(
        await refusal({ agent: { daemonSet: "x" } }),
        /spire\.agent\.namespace = "spire-system": has no DaemonSet "x"; no DaemonSet of the cluster/,
    );
});

test("everything that is otherwise is told at once, by key", async () => {
    objects["namespaces/spire-server/statefulsets/spire-server"] =
        serverSet("a/spire-server:1.14.7");
    const message = await refusal({
        server: { container: "server", port: 8081 },
        agent: { serviceAccount: "other", delegate: "/other" },
    });
    for (const line of [
        /^The SPIRE in the cluster is not as spire\.mode = "external" has it; nothing was changed\.$/m,
        /spire\.server\.container = "server": StatefulSet spire-server\/spire-server has spire-server, spire-controller-manager; name the one/,
        /spire\.server\.port = 8081: the Service has 443 \(grpc\); set it to that/,
        /spire\.agent\.serviceAccount = "other": the agents run as "spire-agent"; set it to that/,
        /spire\.agent\.delegate = "\/other": /,
    ]) {
        assert.match(message, line);
    }
});

test("versions are those that run", async () => {
    objects["namespaces/spire-server/statefulsets/spire-server"] =
        serverSet("a/spire-server:1.14.7");
    assert.match(
        await refusal(),
        /spire\.version = "1\.15\.3": the server runs 1\.14\.7; set it to "1\.14\.7"/,
    );
    assert.match(
        await refusal({ version: "1.14.7" }),
        /spire\.agent\.daemonSet = "spire-agent": agents 1\.15\.3 are newer than the server 1\.14\.7.*have them brought together/,
    );
});

test("a Service that Cilium's operator could not dial is refused", async () => {
    const service = "namespaces/spire-server/services/spire-server";
    const spec = { clusterIP: "None", selector: { app: "x" }, ports: [{ port: 443 }] };
    objects[service] = { spec };
    const message = await refusal();
    assert.match(message, /spire\.server\.service = "spire-server": has no ClusterIP/);
    assert.match(message, /spire\.server\.service = "spire-server": leads to other pods/);
    assert.match(await refusal({ server: { service: "api" } }), /has no such Service; name one/);
});

test("a controller manager that would delete our entries is refused", async () => {
    const path = "namespaces/spire-server/configmaps/spire-controller-manager";
    objects[path] = { data: { "config.yaml": "kind: ControllerManagerConfig\n" } };
    assert.match(
        await refusal(),
        /ConfigMap spire-server\/spire-controller-manager config\.yaml: spire-controller-manager has no entryIDPrefix/,
    );
});

test("a configuration that cannot be looked at is refused", async () => {
    objects["namespaces/spire-system/configmaps/spire-agent"] = {
        data: { "agent.conf": "agent {" },
    };
    assert.match(await refusal(), /its agent\.conf could not be read: it ends too early/);
    objects["namespaces/spire-system/configmaps/spire-agent"] = { data: {} };
    assert.match(await refusal(), /mounts no ConfigMap with agent\.conf/);
});

test("the SPIRE that a stack installed is not somebody else's", async () => {
    assert.match(
        await refusal({}, [objectKey("StatefulSet", "spire-server", "spire-server")]),
        /this stack installed the SPIRE in namespace spire-server, and would now delete it; set spire\.mode to "install"/,
    );
});
