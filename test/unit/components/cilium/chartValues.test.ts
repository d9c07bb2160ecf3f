import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chartValues, releaseValues } from "../../../../components/cilium/chartValues";
import { mergeValues, valueConflicts, type Values } from "../../../../settings/cilium/values";
import type { InstallationArgs } from "../../../../components/cilium/args";
import { argsWith } from "./fixtures";

const off = { enabled: false };

/** Arguments with any combination of what changes the shape of our values. */
const anyArgs: fc.Arbitrary<InstallationArgs> = fc
    .record({
        mutualAuth: fc.boolean(),
        encryption: fc.constantFrom({ type: "none" }, { type: "wireguard" }, { type: "ipsec" }),
        hubble: fc.constantFrom(
            {},
            { enabled: true, tls: { method: "provided" } },
            { enabled: true, tls: { method: "certmanager", issuerRef: { name: "ca" } } },
        ),
        kubeProxyReplacement: fc.boolean(),
        apiServer: fc.constantFrom({}, { k8sServiceHost: "10.0.0.1", k8sServicePort: 6443 }),
    })
    .map(({ mutualAuth, apiServer, ...settings }) =>
        argsWith({ ...settings, ...apiServer }, { mutualAuth }),
    );

/** Values of a chart, as a user may write them: some of ours among them. */
const anyValues: fc.Arbitrary<Values> = fc.letrec<{ node: unknown; tree: Values }>((tie) => ({
    node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(true, false, null, 0, "x", [], ["a"]),
        tie("tree"),
    ),
    tree: fc.dictionary(
        fc.constantFrom(
            ...["authentication", "hubble", "enabled", "tls", "auto", "method", "operator"],
            ...["rollOutPods", "encryption", "type", "ipam", "mode", "agent", "server", "name"],
        ),
        tie("node"),
        { maxKeys: 4, noNullPrototype: true },
    ),
})).tree;

function leaves(values: Values, prefix: string[] = []): [string[], unknown][] {
    return Object.entries(values).flatMap(([key, value]): [string[], unknown][] => {
        const path = [...prefix, key];
        const inner = typeof value === "object" && value !== null && !Array.isArray(value);
        return inner && Object.keys(value).length > 0
            ? leaves(value as Values, path)
            : [[path, value]];
    });
}

function at(values: unknown, path: string[]): unknown {
    return path.reduce<unknown>((v, key) => (v as Values | null | undefined)?.[key], values);
}

function nest(path: string[], value: unknown): Values {
    return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Values;
}

test("by default: an external SPIRE, nothing else switched on", () => {
    assert.deepEqual(chartValues(argsWith()), {
        authentication: {
            enabled: true,
            queueSize: 1024,
            rotatedIdentitiesQueueSize: 1024,
            gcInterval: "5m0s",
            mutual: {
                port: 4250,
                connectTimeout: "5s",
                spire: {
                    connectionTimeout: "30s",
                    enabled: true,
                    install: off,
                    serverAddress: "spire-server.spire-system.svc:8081",
                    trustDomain: "example.org",
                    adminSocketPath: "/run/spire/admin-sockets/admin.sock",
                    agentSocketPath: "/run/spire/sockets/agent.sock",
                },
            },
        },
        rollOutCiliumPods: true,
        operator: { rollOutPods: true },
        encryption: off,
        hubble: off,
        kubeProxyReplacement: false,
    });
});

test("without mutual authentication the chart gets no trace of SPIRE", () => {
    const { authentication } = chartValues(argsWith({}, { mutualAuth: false }));
    assert.deepEqual(authentication, {
        enabled: false,
        mutual: { spire: { enabled: false, install: off } },
    });
});

test("encryption, Hubble and the API server reach the chart", () => {
    const values = chartValues(
        argsWith({
            encryption: { type: "ipsec", secretName: "keys-2026" },
            hubble: { enabled: true, tls: { method: "certmanager", issuerRef: { name: "ca" } } },
            kubeProxyReplacement: true,
            k8sServiceHost: "10.0.0.1",
            k8sServicePort: 6443,
        }),
    );
    assert.deepEqual(values.encryption, {
        enabled: true,
        type: "ipsec",
        ipsec: { secretName: "keys-2026", keyFile: "keys", mountPath: "/etc/ipsec" },
    });
    const issuer = { name: "ca", kind: "ClusterIssuer", group: "cert-manager.io" };
    const auto = { enabled: true, method: "certmanager", certManagerIssuerRef: issuer };
    assert.deepEqual(values.hubble, { enabled: true, tls: { enabled: true, auto } });
    assert.equal(values.kubeProxyReplacement, true);
    assert.equal(values.k8sServiceHost, "10.0.0.1");
    assert.equal(values.k8sServicePort, 6443);
});

test("the operator goes where its identity is, beside what the user says of it", () => {
    const values = { operator: { replicas: 1, nodeSelector: { zone: "a" } } };
    const args = argsWith({ values }, { operatorNodeLabels: { role: "system" } });
    const annotations = {
        "config.kubernetes.io/depends-on": "/namespaces/kube-system/ConfigMap/cilium-config",
    };
    assert.deepEqual(releaseValues(args).operator, {
        annotations,
        replicas: 1,
        rollOutPods: true,
        nodeSelector: { zone: "a", role: "system" },
    });
});

test("every value of ours is refused in a user's values", () => {
    fc.assert(
        fc.property(anyArgs, (args) => {
            for (const [path, value] of leaves(chartValues(args))) {
                const values = nest(path, value);
                const { hubble } = args.settings;
                const met = valueConflicts({ values, hubble }).map((conflict) => conflict.path);
                assert.ok(
                    met.some((m) => m === path.join(".") || path.join(".").startsWith(`${m}.`)),
                    path.join("."),
                );
            }
        }),
    );
});

test("merging keeps all of ours, and all of the user's when nothing conflicts", () => {
    let free = 0;
    fc.assert(
        fc.property(anyValues, anyArgs, (values, args) => {
            const ours = chartValues(args);
            const before = structuredClone(values);
            const merged = mergeValues(values, ours);
            assert.deepEqual(values, before, "the user's values are not changed");
            for (const [path, value] of leaves(ours)) assert.deepEqual(at(merged, path), value);
            if (valueConflicts({ values, hubble: args.settings.hubble }).length > 0) return;
            free++;
            for (const [path, value] of leaves(values)) {
                // An empty map of the user's may have been filled by ours.
                if (JSON.stringify(value) !== "{}") assert.deepEqual(at(merged, path), value);
            }
        }),
        { numRuns: 500 },
    );
    assert.ok(free > 20, `only ${free} cases without a conflict`);
});

test("a conflict names the path as far as the user wrote it", () => {
    const hubble = argsWith().settings.hubble;
    const paths = (values: Values) => valueConflicts({ values, hubble }).map(({ path }) => path);
    assert.deepEqual(paths({ authentication: { enabled: true } }), ["authentication.enabled"]);
    assert.deepEqual(paths({ operator: { rollOutPods: false } }), ["operator.rollOutPods"]);
    assert.deepEqual(paths({ serviceAccounts: { operator: { name: "x" } } }), [
        "serviceAccounts.operator.name",
    ]);
    assert.deepEqual([...new Set(paths({ encryption: null }))], ["encryption"]);
    assert.deepEqual(paths({ ipam: { mode: "kubernetes" }, operator: { replicas: 1 } }), []);
});

test("values for a Hubble that is off would do nothing", () => {
    const values = { hubble: { relay: { enabled: true } } };
    const [conflict] = valueConflicts({ values, hubble: argsWith().settings.hubble });
    assert.deepEqual(conflict, {
        path: "hubble",
        remedy: "Hubble is off; see cilium.hubble.enabled",
    });
    const on = argsWith({ hubble: { enabled: true, tls: { method: "provided" } } }).settings;
    assert.deepEqual(valueConflicts({ values, hubble: on.hubble }), []);
});
