/** The arguments of a `MutualAuthPolicy` in another language: one shape for all peers, because unions fit few languages. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MutualAuthPolicyArgs } from "../../components/cilium/authPolicy";
import type { Peer } from "../../components/cilium/authPolicySpec";
import { keyText, listText } from "../../settings/show";
import { port } from "../../settings/words";

const text = () => z.string("must be text, in quotes where it looks like a number");
const labels = () => z.record(z.string(), text(), "must be labels, such as { app: payments }");
const list = <T extends z.ZodType>(element: T) => z.array(element, "must be a list");

/** A group of keys that takes no others. */
function group<T extends z.ZodRawShape>(shape: T) {
    const keys = Object.keys(shape).join(", ");
    return z.strictObject(shape, {
        error: ({ code }) =>
            code === "unrecognized_keys"
                ? `is no key here; write one of: ${keys}`
                : `must be a group of keys, of: ${keys}`,
    });
}

const portArgs = group({
    port: port.describe("Its number."),
    protocol: z
        .enum(["TCP", "UDP", "SCTP"], "must be TCP, UDP or SCTP")
        .default("TCP")
        .describe("`TCP`, which is the default, `UDP` or `SCTP`."),
}).meta({ id: "Port" });

const peerArgs = group({
    labels: labels()
        .optional()
        .describe("Labels of pods; empty: every pod of the namespace. Either this or `entities`."),
    namespace: text()
        .optional()
        .describe('Namespace of these pods, or `"*"` for all. That of the policy when absent.'),
    serviceAccount: text()
        .optional()
        .describe("The service account as which they run. Any when absent."),
    authentication: z
        .enum(["required", "disabled"], "must be required or disabled")
        .optional()
        .describe(
            "`required`, also when absent, or `disabled`: exempts these pods from a more general rule.",
        ),
    entities: list(text())
        .optional()
        .describe(
            "What is not a pod, by Cilium's names, such as `host` or `kube-apiserver`. It cannot authenticate.",
        ),
    ports: list(portArgs).optional().describe("Every port when absent."),
})
    .refine(
        (peer) => (peer.labels === undefined) !== (peer.entities === undefined),
        "must have either labels, of pods, or entities; give it one of them",
    )
    .refine(
        ({ entities, namespace, serviceAccount, authentication }) =>
            !entities || !(namespace ?? serviceAccount ?? authentication),
        "has entities, which have no namespace and no service account and cannot authenticate; remove namespace, serviceAccount and authentication",
    )
    .meta({ id: "Peer" })
    .transform(({ labels, entities, ports, ...pod }): Peer => {
        return labels ? { ...pod, labels, ports } : { entities: entities!, ports };
    });

/** What may be given. Descriptions become those of the package's schema. */
export const policyArgs = group({
    namespace: text().describe("Namespace of the protected pods and of the policy."),
    pods: labels().describe("Labels of the protected pods; empty: every pod of the namespace."),
    ingress: list(peerArgs)
        .optional()
        .describe(
            "Who may connect to them. Everybody else may not, except the kubelet of their own node. Absent: no rule for what comes in.",
        ),
    egress: list(peerArgs)
        .optional()
        .describe(
            "Whom they may connect to. Everybody else they may not, so remember DNS. Absent: no rule for what goes out.",
        ),
});

/** As in TypeScript. A preview can refuse only what it knows. */
const NOT_PLAIN = "is an output of a resource, or a secret; write the value itself";

/** @throws Error with a line for every wrong key, which has the remedy. */
export function decodePolicy(inputs: pulumi.Inputs): MutualAuthPolicyArgs {
    const { namespace } = inputs;
    const isLater = pulumi.Output.isInstance<string>(namespace);
    const decoded = policyArgs.safeParse(isLater ? { ...inputs, namespace: "" } : inputs);
    if (decoded.success) return isLater ? { ...decoded.data, namespace } : decoded.data;
    const problems = decoded.error.issues.flatMap((issue) => {
        const { path, message } = issue;
        const unknown = issue.code === "unrecognized_keys" ? issue.keys : undefined;
        const paths = unknown?.map((key) => [...path, key]) ?? [path];
        const problem = pulumi.Output.isInstance(valueAt(path, inputs)) ? NOT_PLAIN : message;
        return paths.map((keys) => `${keyText(keys)}: ${problem}`);
    });
    throw new Error(`the arguments are wrong${listText(problems, "")}`);
}

function valueAt(path: readonly PropertyKey[], inputs: unknown): unknown {
    return path.reduce((value, key) => (value as Record<PropertyKey, unknown>)[key], inputs);
}
