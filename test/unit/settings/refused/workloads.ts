/** Registration entries for workloads: what SPIRE would refuse, and rights by the back door. */
import { type Refusal, values } from "./refusal";

const shop = { path: "/ns/shop/sa/shop", selectors: ["k8s:ns:shop", "k8s:sa:shop"] };
const some = { nodeLabels: { zone: "a" } };
const workload = (workload: object) => ({ workloads: { shop: { ...shop, ...workload } } });
const two = (other: unknown) => ({ workloads: { shop, other: { ...shop, ...(other as object) } } });
/** A workload where agents run the attestor `unix`. */
const withUnix = (unixAttestor: object, other: object) => ({
    ...workload(other),
    spire: { agent: { unixAttestor } },
});
const admin = (adminIds: unknown) => ({ spire: { server: { adminIds } } });

const KEYS = /workloads.*: the key must be 1 to 64 letters, digits, "-" or "_"/;
const PATH = /workloads\.shop\.path = .*: must be the path of a SPIFFE ID/;
const RESERVED = /workloads\.shop\.path = .*: is (reserved|the identity).*; choose another/;
const NO_ADMIN =
    /adminIds: spiffe:.* is an ID of SPIRE or Cilium, which every node may hold; remove/;
const SELECTOR = /workloads\.shop\.selectors\[0\] = .*: must be /;
const NEVER = /workloads\.shop\.selectors: SPIRE's k8s attestor never gives k8s:.*; use ns, sa/;
const CILIUM = /workloads\.shop\.selectors: a pod of Cilium's has them too.*; add the namespace/;
const DNS = /workloads\.shop\.dnsNames\[0\] = .*: must be a DNS name/;
const TTL = /workloads\.shop\.x509SvidTtl = .*: (must be|SPIRE shortens)/;
const LABEL = /parent\.nodeLabels.*: (the key )?must be a label (key|value)/;
const EVERY =
    /workloads\.\w+\.parent: .* "(admin|downstream)" must not hang under every node; name/;
const BOTH = /workloads\.\w+\.selectors: .* needs a k8s:ns and a k8s:sa selector; add them/;

export const workloads: Refusal[] = [
    ...values((key) => ({ workloads: { [String(key)]: shop } }), KEYS, ["a b", "", "a.b", "ü"]),
    ...values((path) => workload({ path }), PATH, [
        "",
        "shop",
        "/",
        "/a/",
        "/a/../b",
        "/a b",
        "/ü",
    ]),
    ...values((path) => workload({ path }), RESERVED, [
        "/cilium-operator",
        "/cilium-agent",
        "/cilium-operator-nodes",
        "/identity/4711",
        "/identity",
        "/spire/server",
        "/spire/agent/k8s_psat/east/1",
        "/ns/kube-system/sa/cilium-operator",
    ]),
    ...values((id) => admin([id]), NO_ADMIN, [
        "spiffe://example.org/cilium-operator",
        "spiffe://example.org/cilium-agent",
        "spiffe://example.org/cilium-operator-nodes",
        "spiffe://example.org/identity/7",
        "spiffe://example.org/spire/agent/k8s_psat/east/1",
        "spiffe://example.org/ns/kube-system/sa/cilium-operator",
    ]),
    ...values((s) => workload({ selectors: [s] }), SELECTOR, [
        "",
        "k8s",
        "K8s:ns:a",
        "k8s:",
        "k8s: ",
        7,
    ]),
    ...values((s) => workload({ selectors: [s] }), NEVER, [
        "k8s:namespace:shop",
        "k8s:ns:",
        "k8s:foo:bar",
        "k8s:pod-label:app",
        "k8s:pod-image-count:two",
        "k8s:pod-owner:ReplicaSet",
    ]),
    ...values((selectors) => workload({ selectors }), CILIUM, [
        ["k8s:ns:kube-system"],
        ["k8s:sa:cilium"],
        ["k8s:sa:cilium-operator", "k8s:ns:kube-system"],
        ["k8s:pod-label:k8s-app:cilium"],
        ["k8s:container-name:cilium-agent", "k8s:ns:kube-system"],
        ["k8s:node-name:node-1"],
        ["k8s:pod-image-count:1"],
    ]),
    ...values(
        (selectors) => workload({ selectors }),
        /selectors = .*: names one twice; remove one/,
        [["k8s:ns:shop", "k8s:ns:shop"]],
    ),
    ...values(
        (selectors) => workload({ selectors }),
        /selectors: no agent of this program gives https:\/\/\*\*\*@a: /,
        [["https://user:secret@a"]],
    ),
    ...values((selectors) => workload({ selectors }), /selectors: no agent .*; use k8s selectors/, [
        ["k8s:ns:shop", "docker:label:a:b"],
    ]),
    ...values(
        (selectors) => workload({ selectors }),
        /shop\.selectors: no agent of this program gives unix:.*; set spire\.agent\.unixAttestor, /,
        [["unix:uid:0"], ["k8s:ns:shop", "unix:uid:1000"]],
    ),
    ...values(
        (selectors) => withUnix({}, { selectors }),
        /shop\.selectors: no agent .* gives docker:.*: they attest by k8s and unix alone; use k8s/,
        [["k8s:ns:shop", "docker:label:a:b"]],
    ),
    ...values(
        (selector) => withUnix({}, { selectors: ["k8s:ns:shop", selector] }),
        /shop\.selectors: the agents' unix attestor never gives unix:.*; use uid:NUMBER/,
        ["unix:user:root", "unix:group:shop", "unix:uid:shop", "unix:path:shop", "unix:sha256:abc"],
    ),
    ...values(
        (selector) => withUnix({}, { selectors: ["k8s:ns:shop", selector] }),
        /shop\.selectors: no agent gives unix:path.* without spire\.agent\.unixAttestor\.discoverPath; set/,
        ["unix:path:/bin/shop"],
    ),
    ...values(
        (selector) => withUnix({ discoverPath: true }, { selectors: ["k8s:ns:shop", selector] }),
        /shop\.selectors: no agent gives unix:sha256.* without .*\.sha256MaxSize; set it/,
        [`unix:sha256:${"0".repeat(64)}`],
    ),
    ...values(
        (selectors) => withUnix({ discoverPath: true }, { selectors }),
        /shop\.selectors: whoever may make a pod .*; add k8s:ns, or .* parent\.nodeLabels/,
        [["unix:uid:1000"], ["unix:path:/bin/shop", "k8s:pod-label:app:shop"]],
    ),
    ...values(
        (selectors) => withUnix({ discoverPath: true }, { selectors, parent: some }),
        CILIUM,
        [["unix:uid:0"], ["unix:path:/usr/bin/cilium-agent", "k8s:ns:kube-system"]],
    ),
    ...values((selectors) => workload({ selectors }), /selectors = .*: (needs|must)/, [
        [],
        "k8s:ns:a",
    ]),
    ...values((name) => workload({ dnsNames: [name] }), DNS, [
        "",
        "a b.org",
        "-a.org",
        "a..org",
        "a.org.",
        "*",
        "a.*.org",
        "ab--c.org",
        "xn--0.de",
        "müller.de",
        "https://a.org",
        "a.org:443",
        `${"a".repeat(64)}.org`,
    ]),
    ...values(
        (dnsNames) => workload({ dnsNames }),
        /dnsNames: a\.org is .* wildcard.*; remove one/,
        [["a.org", "*.org"]],
    ),
    ...values((x509SvidTtl) => workload({ x509SvidTtl }), TTL, ["0s", "5h", "forever", "9999999h"]),
    ...values((jwtSvidTtl) => workload({ jwtSvidTtl }), /jwtSvidTtl = .*: SPIRE shortens/, ["5h"]),
    ...values((hint) => workload({ hint }), /hint = .*: must be at most 1024 bytes/, [
        "a".repeat(1025),
        "ü".repeat(513),
        "a\u0000b",
    ]),
    ...values(
        (d) => workload({ federatesWith: [d] }),
        /federatesWith(\[0\] = .*: must be a SPIFFE|: )/,
        ["spiffe://partner.example", "Partner.example", "example.org"],
    ),
    ...values(
        (federatesWith) => workload({ federatesWith }),
        /shop\.federatesWith: the server fetches no bundle of b\.example; add it to spire\./,
        [["b.example"]],
    ),
    {
        name: "a workload that federates with one of two trust domains that the server does not know",
        settings: {
            ...workload({ federatesWith: ["a.example", "b.example"] }),
            spire: {
                server: {
                    federation: {
                        federatesWith: {
                            "a.example": { profile: "https_web", url: "https://a.example" },
                        },
                    },
                },
            },
        },
        message:
            /shop\.federatesWith: the server fetches no bundle of b\.example; add it to spire\./,
    },
    ...values((nodeLabels) => workload({ parent: { nodeLabels } }), LABEL, [
        { "node role": "x" },
        { "": "x" },
        { "a/b/c": "x" },
        { zone: "a b" },
    ]),
    ...values((parent) => workload({ parent }), /parent(\.alias)? = .*: must be /, [
        {},
        "all",
        { nodeLabels: {}, alias: "/a" },
        { alias: "agents" },
        { nodes: ["a"] },
    ]),
    {
        name: "a workload under itself",
        settings: workload({ parent: { alias: shop.path } }),
        message: /shop\.parent\.alias = .*: is the workload itself.*; name the alias/,
    },
    ...values(two, /workloads\.other: has the path, the selectors and nodes of workloads\.shop/, [
        {},
        { parent: some },
        { selectors: shop.selectors.toReversed() },
    ]),
    ...values((right) => workload({ [String(right)]: true }), EVERY, ["admin", "downstream"]),
    ...values(
        (right) => workload({ [String(right)]: true, parent: some, selectors: ["k8s:ns:a"] }),
        BOTH,
        ["admin", "downstream"],
    ),
    ...values((alias) => workload({ admin: true, parent: { alias } }), EVERY, [
        "/cilium-operator",
        "/cilium-agent",
        "/spire/server",
    ]),
    {
        name: "an admin's ID by a second entry, under every node",
        settings: two({ selectors: ["k8s:ns:shop", "k8s:sa:other"], admin: true, parent: some }),
        message: EVERY,
    },
    {
        name: "an ID of adminIds for a workload of every node",
        settings: { ...admin(["spiffe://example.org/ns/shop/sa/shop"]), ...workload({}) },
        message: EVERY,
    },
];
