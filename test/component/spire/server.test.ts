import assert from "node:assert/strict";
import { before, test } from "node:test";
import { decode } from "../../unit/components/spire/arbitrary";
import { at, configuration, render, type Rendered, useMocks } from "./render";

const PASSWORD_SECRET = { name: "spire-postgres", key: "password" };
const postgres = { type: "postgres", host: "db.example.org", passwordSecret: PASSWORD_SECRET };
const apart = { server: { namespace: "spire-server" }, agent: { namespace: "spire-agents" } };

before(useMocks);

async function renderServer(server: object): Promise<Rendered> {
    return await render(decode({ server }));
}

function podOf(all: Rendered) {
    const pod = at(all["StatefulSet/spire-server"], "spec.template.spec");
    return { pod, container: at(pod, "containers.0") };
}

test("the default server is one replica with one volume and no disruption budget", async () => {
    const all = await renderServer({});
    assert.deepEqual(
        Object.keys(all)
            .filter((k) => !k.includes("agent"))
            .sort(),
        [
            "Agent/spire",
            "ClusterRole/spire-server",
            "ClusterRoleBinding/spire-server",
            "ConfigMap/spire-bundle",
            "ConfigMap/spire-server",
            "Namespace/spire-system",
            "Role/spire-bundle",
            "RoleBinding/spire-bundle",
            "Server/spire",
            "Service/spire-server",
            "ServiceAccount/spire-server",
            "StatefulSet/spire-server",
        ],
    );
    const set = all["StatefulSet/spire-server"];
    assert.equal(at(set, "spec.replicas"), 1);
    assert.equal(at(set, "spec.volumeClaimTemplates.length"), 1);
    assert.equal(at(set, "spec.template.spec.topologySpreadConstraints"), undefined);
});

test("nothing depends on what an image runs by itself", async () => {
    const all = await renderServer({ image: "registry.example.org/mirror/spire-server" });
    for (const [key, path] of [
        ["StatefulSet/spire-server", "/run/spire/config/server.conf"],
        ["DaemonSet/spire-agent", "/run/spire/config/agent.conf"],
    ] as const) {
        const container = at(all[key], "spec.template.spec.containers.0");
        const program = `/opt/spire/bin/${key.split("/")[1]!}`;
        assert.deepEqual(at(container, "command"), [program, "run", "-config", path]);
        assert.equal(at(container, "args"), undefined);
    }
});

test("several replicas are spread and drained one at a time", async () => {
    const all = await renderServer({ replicas: 3, datastore: postgres });
    const budget = at(all["PodDisruptionBudget/spire-server"], "spec");
    assert.equal(at(budget, "maxUnavailable"), 1);
    const set = at(all["StatefulSet/spire-server"], "spec");
    const labels = at(set, "template.metadata.labels");
    assert.deepEqual(at(budget, "selector.matchLabels"), labels);
    assert.deepEqual(at(set, "selector.matchLabels"), labels);
    assert.deepEqual(at(set, "template.spec.topologySpreadConstraints"), [
        {
            topologyKey: "kubernetes.io/hostname",
            maxSkew: 1,
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels },
            nodeTaintsPolicy: "Honor",
        },
    ]);
});

test("the database's password reaches the server by its environment and nothing else", async () => {
    const all = await renderServer({ datastore: { ...postgres, sslMode: "disable" } });
    const { container } = podOf(all);
    assert.deepEqual(at(container, "env"), [
        { name: "PGPASSWORD", valueFrom: { secretKeyRef: PASSWORD_SECRET } },
    ]);
    const conf = JSON.stringify(configuration(all, "server"));
    assert.match(
        conf,
        /"host='db\.example\.org' port='5432' user='spire' dbname='spire' sslmode='disable'"/,
    );
    assert.doesNotMatch(conf, /password/i);
    assert.deepEqual(
        Object.keys(all).filter((key) => key.startsWith("Secret/")),
        [],
    );
});

test("with keys in memory and a database there is nothing to keep on a volume", async () => {
    const upstreamAuthority = { type: "cert-manager", issuerName: "spire-ca" };
    const all = await renderServer({
        datastore: postgres,
        keyManager: "memory",
        upstreamAuthority,
    });
    assert.equal(at(all["StatefulSet/spire-server"], "spec.volumeClaimTemplates"), undefined);
    const volumes = at(podOf(all).pod, "volumes") as { name: string }[];
    const data = volumes.find(({ name }) => name === "data");
    assert.deepEqual(data, { name: "data", emptyDir: {} });
    assert.deepEqual(all["Role/spire-server-upstream"], {
        metadata: { name: "spire-server-upstream", namespace: "spire-system" },
        rules: [
            {
                apiGroups: ["cert-manager.io"],
                resources: ["certificaterequests"],
                verbs: ["create", "get", "list", "delete"],
            },
        ],
    });
});

test("the server's pod is what the restricted Pod Security Standard admits, and its namespace says so", async () => {
    const all = await render(decode(apart));
    const labels = (name: string) => at(all[`Namespace/${name}`], "metadata.labels");
    const inAllModes = (level: string) => ({
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/warn": level,
        "pod-security.kubernetes.io/audit": level,
    });
    assert.deepEqual(labels("spire-server"), inAllModes("restricted"));
    assert.deepEqual(labels("spire-agents"), inAllModes("privileged"));
    const { pod, container } = podOf(all);
    assert.deepEqual(at(pod, "securityContext"), {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        fsGroup: 1000,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(at(container, "securityContext"), {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
    });
    for (const shared of ["hostNetwork", "hostPID", "hostIPC"]) {
        assert.equal(at(pod, shared), undefined);
    }
});

test("the trust bundle goes to the agents' namespace, where the server may patch it alone", async () => {
    const all = await render(decode(apart));
    const metadata = { name: "spire-bundle", namespace: "spire-agents" };
    assert.deepEqual(all["ConfigMap/spire-bundle"], { metadata });
    assert.deepEqual(all["Role/spire-bundle"], {
        metadata,
        rules: [
            {
                apiGroups: [""],
                resources: ["configmaps"],
                resourceNames: ["spire-bundle"],
                verbs: ["get", "patch"],
            },
        ],
    });
    assert.deepEqual(at(all["RoleBinding/spire-bundle"], "subjects"), [
        { kind: "ServiceAccount", name: "spire-server", namespace: "spire-server" },
    ]);
});

test("the bundle endpoint has a Service of its own, on a port that the container listens on", async () => {
    const annotations = { "example.org/public": "true" };
    const service = { type: "LoadBalancer", nodePort: 30443, annotations };
    const bundleEndpoint = {
        profile: "https_web",
        certificate: { name: "bundle-endpoint" },
        service,
    };
    const all = await renderServer({ federation: { bundleEndpoint } });
    const endpoint = all["Service/spire-server-bundle-endpoint"];
    assert.deepEqual(at(endpoint, "metadata.annotations"), annotations);
    assert.equal(at(endpoint, "spec.type"), "LoadBalancer");
    const port = { name: "bundle", port: 443, nodePort: 30443, targetPort: "bundle" };
    assert.deepEqual(at(endpoint, "spec.ports"), [port]);
    const { container } = podOf(all);
    const listening = at(container, "ports") as { name: string; containerPort: number }[];
    const conf = at(configuration(all, "server"), "server.federation.bundle_endpoint");
    assert.equal(listening.find(({ name }) => name === "bundle")?.containerPort, at(conf, "port"));
    const file = at(conf, "profile.https_web.serving_cert_file.cert_file_path");
    const mounts = at(container, "volumeMounts") as { mountPath: string }[];
    assert.ok(mounts.some(({ mountPath }) => file === `${mountPath}/tls.crt`));
    assert.equal(at(all["Service/spire-server"], "spec.ports.length"), 1);
});
