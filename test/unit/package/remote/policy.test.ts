/** What other languages hand over becomes the arguments of the component, or is refused by its key. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { authPolicySpec } from "../../../../components/cilium/authPolicySpec";
import { decodePolicy } from "../../../../package/remote/policy";

const NAMES = { namespace: "shop", pods: { app: "payments" } };

test("all that may be given gives the policy that it gives in TypeScript", () => {
    const decoded = decodePolicy({
        ...NAMES,
        ingress: [
            { labels: { app: "a" }, ports: [{ port: 8080 }] },
            { labels: {}, namespace: "*", authentication: "disabled" },
            { labels: {}, serviceAccount: "checkout" },
            { entities: ["host"], ports: [{ port: 53, protocol: "UDP" }] },
        ],
        egress: [{ labels: { app: "db" }, authentication: "required" }],
    });
    assert.equal(decoded.namespace, "shop");
    assert.deepEqual(
        authPolicySpec(decoded),
        authPolicySpec({
            pods: NAMES.pods,
            ingress: [
                { labels: { app: "a" }, ports: [8080] },
                { labels: {}, namespace: "*", authentication: "disabled" },
                { labels: {}, serviceAccount: "checkout" },
                { entities: ["host"], ports: [{ port: 53, protocol: "UDP" }] },
            ],
            egress: [{ labels: { app: "db" } }],
        }),
    );
});

test("the namespace may be an output, which stays one", () => {
    const namespace = pulumi.output("shop");
    assert.equal(decodePolicy({ ...NAMES, namespace, egress: [] }).namespace, namespace);
});

/** What is wrong, and all that is said of it. */
const refused: [pulumi.Inputs, ...string[]][] = [
    [
        {},
        "namespace: must be text, in quotes where it looks like a number",
        "pods: must be labels, such as { app: payments }",
    ],
    [
        { ...NAMES, pods: { app: 7 }, ingres: [], gress: [] },
        "pods.app: must be text, in quotes where it looks like a number",
        "ingres: is no key here; write one of: namespace, pods, ingress, egress",
        "gress: is no key here; write one of: namespace, pods, ingress, egress",
    ],
    // Without labels it would be every pod of the namespace.
    ...[{}, { labels: {}, entities: ["host"] }].map((peer): [pulumi.Inputs, string] => [
        { ...NAMES, ingress: [peer] },
        "ingress[0]: must have either labels, of pods, or entities; give it one of them",
    ]),
    ...[{ namespace: "a" }, { serviceAccount: "a" }, { authentication: "required" }].map(
        (of): [pulumi.Inputs, string] => [
            { ...NAMES, egress: [{ entities: ["host"], ...of }] },
            "egress[0]: has entities, which have no namespace and no service account and cannot authenticate; remove namespace, serviceAccount and authentication",
        ],
    ),
    [
        { ...NAMES, egress: [{ labels: {}, ports: [8080, { port: 70000, protocol: "ICMP" }] }] },
        "egress[0].ports[0]: must be a group of keys, of: port, protocol",
        "egress[0].ports[1].port: must be 1 to 65535",
        "egress[0].ports[1].protocol: must be TCP, UDP or SCTP",
    ],
    [
        { ...NAMES, pods: pulumi.output({}), ingress: [{ labels: { app: pulumi.secret("x") } }] },
        "pods: is an output of a resource, or a secret; write the value itself",
        "ingress[0].labels.app: is an output of a resource, or a secret; write the value itself",
    ],
];

for (const [inputs, ...problems] of refused) {
    test(`refused: ${problems[0]!}`, () => {
        assert.throws(
            () => decodePolicy(inputs),
            new Error(["the arguments are wrong", ...problems].join("\n  ")),
        );
    });
}
