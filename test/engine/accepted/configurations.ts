/** Whole configurations as users write them, drawn from the schema; versions are those whose programs and charts are here. */
import * as fc from "fast-check";
import { mergeValues, type Values } from "../../../settings/cilium/values";
import { wantedVersions } from "../../../sandbox/build/versions";
import { CHART_VERSIONS } from "../../support/helm";
import {
    HOSTILE,
    type Raw,
    validConfiguration,
    without,
} from "../../unit/components/spire/arbitrary";

const { spire } = wantedVersions();
/** Lifetimes that leave room for every other one: else most draws would lose theirs. */
const LONG = { caTtl: "1176h", x509SvidTtl: "168h" };

const hostile = fc.constantFrom(...HOSTILE);

/** Values of Cilium's chart that people set: a drawn key would be none of the chart's. */
const chartValues: fc.Arbitrary<Values> = fc
    .array(
        fc.oneof(
            fc.constantFrom<Values>(
                { ipam: { mode: "kubernetes" } },
                { ipam: { operator: { clusterPoolIPv4PodCIDRList: ["10.0.0.0/9"] } } },
                { operator: { replicas: 2 } },
                { routingMode: "native", ipv4NativeRoutingCIDR: "10.0.0.0/8" },
                { tunnelProtocol: "geneve", ipv6: { enabled: true } },
                { bpf: { masquerade: true }, cni: { exclusive: false } },
                { cluster: { name: "east", id: 7 } },
                { prometheus: { enabled: true }, envoy: { enabled: false } },
                { hubble: { relay: { enabled: true }, ui: { enabled: true } } },
                {
                    hubble: {
                        relay: { enabled: true, tls: { client: { existingSecret: "a" } } },
                        ui: { enabled: true },
                    },
                },
                { l7Proxy: false, policyEnforcementMode: "always" },
                { updateStrategy: { rollingUpdate: { maxUnavailable: 1 } } },
                { resources: { limits: { memory: "1Gi" } }, nodeinit: { enabled: true } },
                { operator: { tolerations: [{ operator: "Exists" }] }, debug: { enabled: true } },
                { extraArgs: ["--log-opt=level=debug"] },
            ),
            hostile.map((text) => ({ podAnnotations: { "example.org/note": text } })),
            hostile.map((text) => ({ extraConfig: { note: text } })),
            hostile.map((value) => ({ extraEnv: [{ name: "NOTE", value }] })),
        ),
        { maxLength: 3 },
    )
    .map((list) => list.reduce(mergeValues, {}));

/** Configurations that the program accepts. */
export const accepted: fc.Arbitrary<Raw> = fc
    .record({
        values: chartValues,
        version: fc.constantFrom(...CHART_VERSIONS),
        server: fc.constantFrom({}, LONG),
    })
    .chain(({ values, version, server }) =>
        validConfiguration({
            spire: { mode: "install", version: spire, agent: { version: spire }, server },
            cilium: { mode: "install", version, values },
        }),
    );

/** Two workloads that ask for all that an entry can have. */
const workloads = {
    shop: {
        path: "/ns/shop/sa/shop",
        selectors: ["k8s:ns:shop", "k8s:sa:shop", "k8s:pod-label:a:{{ b }}"],
        parent: { nodeLabels: { "example.org/zone": "a" } },
        dnsNames: ["*.shop.example.org", "shop.example"],
        ...{ x509SvidTtl: "1m", jwtSvidTtl: "30s", hint: 'say "${hi}"', admin: true },
        federatesWith: ["partner.example"],
    },
    nested: {
        path: "/nested",
        selectors: ["k8s:ns:nested", "k8s:sa:nested"],
        parent: { alias: "/agents" },
        downstream: true,
    },
};
const federatesWith = { "partner.example": { profile: "https_web", url: "https://a.invalid" } };
const certificate = { name: "some" };

/** Configurations whose SPIRE server needs nothing but Kubernetes, by what it has. */
export const startable = {
    "under another CA": configuration({
        keyManager: "memory",
        upstreamAuthority: { type: "disk", certificate },
        federation: { federatesWith, bundleEndpoint: { profile: "https_web", certificate } },
    }),
    "of its own": configuration({
        keyManager: "disk",
        bundlePublisher: "k8s_configmap",
        federation: { federatesWith, bundleEndpoint: { profile: "https_spiffe" } },
    }).map((raw) => without(raw, ["spire", "server", "upstreamAuthority"]) as Raw),
};

function configuration(server: object): fc.Arbitrary<Raw> {
    return validConfiguration({
        spire: {
            mode: "install",
            version: spire,
            agent: { version: spire },
            server: { ...LONG, datastore: { type: "sqlite3" }, ...server },
        },
        cilium: { mode: "install", version: "1.19.6" },
        workloads,
    });
}
