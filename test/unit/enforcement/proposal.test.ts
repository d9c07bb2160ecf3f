/** Files with policies: what is taken, and what is said of the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { proposalsOf } from "../../../enforcement/proposal";

const INGRESS = [{ fromEndpoints: [{}], authentication: { mode: "required" } }];
const POLICY = {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "a", namespace: "shop" },
    spec: { endpointSelector: {}, ingress: INGRESS },
};

const read = (...documents: object[]) =>
    proposalsOf(documents.map((each) => JSON.stringify(each)).join("\n---\n"), "p.yaml");

test("policies of both kinds, with one rule or several, each by its title", () => {
    const wide = { ...POLICY, kind: "CiliumClusterwideNetworkPolicy", metadata: { name: "b" } };
    const several = { ...POLICY, metadata: { name: "c", namespace: "shop" }, spec: undefined };
    const found = read(POLICY, wide, { ...several, specs: [POLICY.spec, POLICY.spec] });
    assert.deepEqual(
        found.map(({ kind, title, rules }) => `${kind} ${title} ${rules.length}`),
        [
            "ciliumnetworkpolicy shop/a 1",
            "ciliumclusterwidenetworkpolicy b 1",
            "ciliumnetworkpolicy shop/c 2",
        ],
    );
    assert.equal(proposalsOf(`${JSON.stringify(POLICY)}\n---\n`, "p.yaml").length, 1);
});

test("what cannot be tried is refused with its key", () => {
    const of = (spec: object) => ({ ...POLICY, spec: { ...POLICY.spec, ...spec } });
    const cases: [object[], RegExp][] = [
        [
            [{ ...POLICY, kind: "NetworkPolicy" }],
            /^Error: p\.yaml: kind is cilium\.io\/v2\/NetworkPolicy; only /,
        ],
        [[{ ...POLICY, metadata: { namespace: "x" } }], /metadata\.name is missing/],
        [
            [POLICY, { ...POLICY, metadata: { name: "b" } }],
            /document 2: metadata\.namespace is missing/,
        ],
        [[of({ ingress: [{ fromEndpoints: [{}] }] })], /spec has no rule with authentication/],
        [[of({ nodeSelector: {}, endpointSelector: undefined })], /nodeSelector selects nodes/],
        [[of({ endpointSelector: undefined })], /endpointSelector is missing/],
        [
            [of({ ingress: [...INGRESS, { fromGroups: [] }] })],
            /ingress\[1\]\.fromGroups is not read here/,
        ],
        [[POLICY, POLICY], /p\.yaml has ciliumnetworkpolicy shop\/a twice/],
        [[], /p\.yaml has no policy/],
    ];
    for (const [documents, says] of cases) assert.throws(() => read(...documents), says);
    assert.throws(() => proposalsOf("a: [", "p.yaml"), /^Error: p\.yaml: /);
});
