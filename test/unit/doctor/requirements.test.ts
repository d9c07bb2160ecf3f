/** What the preflight makes of a cluster, which here is a web server with the answers that it asks for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSettings } from "../../../settings/decode";
import { requireCluster } from "../../../doctor/requirements";
import { RECIPIENTS } from "../../support/recipients";
import { useFakeCluster } from "../../support/fakeCluster";
import { decode } from "../components/spire/arbitrary";

interface Running {
    kubernetes?: string;
    server?: string;
    agent?: string;
    /** Type by `namespace/name`. */
    secrets?: Record<string, string>;
    /** Names of StorageClasses; `standard` is the default one. */
    classes?: string[];
    claims?: string[];
}

/** As the API server tells who has written an object. */
const OURS = { managedFields: [{ manager: "cilium-spire.dev" }] };
const STACK = { project: "cilium-spire", stack: "dev" };

let running: Running = {};

function answer(url: string): object | undefined {
    if (url === "/apis/apps/v1/daemonsets") return { items: [] };
    const minor = running.kubernetes ?? "34";
    if (url === "/version") return { gitVersion: `v1.${minor}.0`, major: "1", minor };
    const path = "/apis/apps/v1/namespaces/spire-system";
    if (url === `${path}/statefulsets/spire-server`) return workload("server", running.server);
    if (url === `${path}/daemonsets/spire-agent`) return workload("agent", running.agent);
    const secret = /^\/api\/v1\/namespaces\/([^/]+)\/secrets\/([^/]+)$/.exec(url);
    if (secret) {
        const type = running.secrets?.[`${secret[1]}/${secret[2]}`];
        return type === undefined ? undefined : { type };
    }
    const { classes = ["standard"], claims = [] } = running;
    if (url === "/apis/storage.k8s.io/v1/storageclasses")
        return { items: classes.map(storageClass) };
    if (url === "/api/v1/persistentvolumes") return { items: [] };
    if (/^\/api\/v1\/namespaces\/[^/]+\/persistentvolumeclaims$/.test(url)) {
        return { items: claims.map((name) => ({ metadata: { name } })) };
    }
    return undefined;
}

function storageClass(name: string): object {
    const isDefault = String(name === "standard");
    return {
        metadata: {
            name,
            annotations: { "storageclass.kubernetes.io/is-default-class": isDefault },
        },
    };
}

function workload(component: string, version?: string): object | undefined {
    if (version === undefined) return undefined;
    const image = `ghcr.io/spiffe/spire-${component}:${version}`;
    const containers = [
        { name: "sidecar", image: "x:9.9.9" },
        { name: `spire-${component}`, image },
    ];
    return { metadata: OURS, spec: { template: { spec: { containers } } } };
}

useFakeCluster(answer);

async function preflight(now: Running, spire: object): Promise<void> {
    running = now;
    await requireCluster(decode(spire), STACK);
}

test("a cluster without SPIRE takes any version", async () => {
    await assert.doesNotReject(preflight({}, { version: "1.15.3" }));
});

test("what runs may be upgraded by one minor release", async () => {
    const now = { server: "1.13.3", agent: "1.13.3" };
    await assert.doesNotReject(preflight(now, { version: "1.14.7" }));
});

test("a longer jump is refused, with the path to take", async () => {
    await assert.rejects(
        preflight({ server: "1.9.6", agent: "1.9.6" }, { version: "1.11.3" }),
        /Go 1\.9\.6 -> 1\.10\.4 -> 1\.11\.3, with an "up" for each\./,
    );
});

test("a downgrade is refused as long as the agents have not gone first", async () => {
    const to = { version: "1.13.6" };
    await assert.rejects(
        preflight({ server: "1.14.7", agent: "1.14.7" }, to),
        /Downgrade the agents first/,
    );
    await assert.doesNotReject(preflight({ server: "1.14.7", agent: "1.13.6" }, to));
});

test("an old Kubernetes is refused, with what to set", async () => {
    await assert.rejects(preflight({ kubernetes: "29" }, {}), /1\.30 or newer is needed/);
    await assert.rejects(preflight({ kubernetes: "32" }, {}), /set it to "nodes\/proxy"/);
    const kubelet = { authorization: "nodes/proxy" };
    await assert.doesNotReject(preflight({ kubernetes: "32" }, { agent: { kubelet } }));
});

test("a new server without a volume is refused, with the classes that there are", async () => {
    const noDefault = { classes: ["gp2", "gp3"] };
    await assert.rejects(
        preflight(noDefault, {}),
        /no default StorageClass; set it to one of: gp2, gp3/,
    );
    const named = { server: { storage: { storageClass: "gp3" } } };
    await assert.doesNotReject(preflight(noDefault, named));
    await assert.doesNotReject(preflight({ ...noDefault, claims: ["data-spire-server-0"] }, {}));
});

test("the volume for backups is looked for as well", async () => {
    const server = (storage: object) => {
        const when = { schedule: "30 2 * * *", image: "tools:1", encryptFor: [RECIPIENTS[0]] };
        return { server: { backup: { ...when, storage } } };
    };
    const noDefault = { classes: ["gp2", "gp3"], claims: ["data-spire-server-0"] };
    await assert.rejects(
        preflight(noDefault, server({ size: "1Gi" })),
        /spire\.server\.backup\.storage\.storageClass is not set.*set it to one of: gp2, gp3/,
    );
    await assert.doesNotReject(preflight(noDefault, server({ size: "1Gi", storageClass: "gp2" })));
    await assert.rejects(
        preflight(noDefault, server({ claim: "nas" })),
        /backup\.storage\.claim = "nas": namespace spire-system has no such PersistentVolumeClaim\. Make it first/,
    );
    const claims = [...noDefault.claims, "nas", "spire-backup"];
    await assert.doesNotReject(preflight({ ...noDefault, claims }, server({ claim: "nas" })));
    await assert.doesNotReject(preflight({ ...noDefault, claims }, server({ size: "1Gi" })));
});

test("pull secrets must be in every namespace that uses them, and be such", async () => {
    const docker = "kubernetes.io/dockerconfigjson";
    const settings = (mode: string) =>
        decodeSettings({
            trustDomain: "demo.local",
            clusterName: "precinct-99",
            images: { pullSecrets: ["regcred"] },
            cilium: { mode, namespace: "cilium" },
            spire: { server: { namespace: "spire-server" }, agent: { namespace: "spire-agents" } },
        });
    const check = (secrets: Record<string, string>, mode = "install") => {
        running = { secrets };
        return requireCluster(settings(mode), STACK);
    };
    const spire = { "spire-server/regcred": docker, "spire-agents/regcred": docker };
    await assert.doesNotReject(check({ ...spire, "cilium/regcred": "kubernetes.io/dockercfg" }));
    await assert.rejects(
        check({ "spire-server/regcred": "Opaque", "cilium/regcred": docker }),
        /images\.pullSecrets: spire-server\/regcred is of type Opaque, spire-agents\/regcred does not exist\. Make each with/,
    );
    await assert.rejects(check(spire), /pullSecrets: cilium\/regcred does not exist/);
    // The pods of an adopted Cilium are its installer's.
    await assert.rejects(check(spire, "adopt"), /has no DaemonSet "cilium"/);
});
