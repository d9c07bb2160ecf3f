/** Where pods may run: the part of Kubernetes' scheduling vocabulary that server and agents share. */
import { z } from "zod";
import { existingName } from "./primitives";

const labels = z.record(z.string().min(1), z.string());

const requirement = z.strictObject({
    key: z.string().min(1).describe("Label key."),
    operator: z
        .enum(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"])
        .describe("How the label is compared with `values`."),
    values: z.array(z.string()).optional().describe("Values; none with Exists and DoesNotExist."),
});

const nodeTerm = z.strictObject({
    matchExpressions: z.array(requirement).optional().describe("Conditions on node labels."),
    matchFields: z.array(requirement).optional().describe("Conditions on `metadata.name`."),
});

const labelSelector = z.strictObject({
    matchLabels: labels.optional().describe("Labels that must be there."),
    matchExpressions: z.array(requirement).optional().describe("Conditions on labels."),
});

const podTerm = z.strictObject({
    labelSelector: labelSelector.describe("Which pods."),
    topologyKey: z.string().min(1).describe("Node label whose value makes two nodes one place."),
    namespaces: z.array(existingName).optional().describe("Namespaces of those pods; the own one."),
    namespaceSelector: labelSelector.optional().describe("The same by labels."),
});

const weight = z.int().min(1).max(100).describe("1 to 100.");

const podTerms = z.strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: z
        .array(podTerm)
        .optional()
        .describe("Must hold."),
    preferredDuringSchedulingIgnoredDuringExecution: z
        .array(z.strictObject({ weight, podAffinityTerm: podTerm.describe("The condition.") }))
        .optional()
        .describe("Should hold."),
});

/** `affinity` of a pod, with the names that Kubernetes gives them. */
export const affinity = z.strictObject({
    nodeAffinity: z
        .strictObject({
            requiredDuringSchedulingIgnoredDuringExecution: z
                .strictObject({
                    nodeSelectorTerms: z.array(nodeTerm).min(1).describe("One of these."),
                })
                .optional()
                .describe("Must hold."),
            preferredDuringSchedulingIgnoredDuringExecution: z
                .array(z.strictObject({ weight, preference: nodeTerm.describe("The condition.") }))
                .optional()
                .describe("Should hold."),
        })
        .optional()
        .describe("Which nodes."),
    podAffinity: podTerms.optional().describe("Near which pods."),
    podAntiAffinity: podTerms.optional().describe("Away from which pods."),
});

export const toleration = z.strictObject({
    key: z.string().min(1).optional().describe("Taint key; all when absent (operator Exists)."),
    operator: z.enum(["Exists", "Equal"]).default("Equal").describe("How `value` is compared."),
    value: z.string().optional().describe("Taint value, with operator Equal."),
    effect: z
        .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
        .optional()
        .describe("Taint effect; all when absent."),
    tolerationSeconds: z
        .int()
        .min(0)
        .optional()
        .describe("How long a NoExecute taint is tolerated; for ever when absent."),
});

export const nodeSelector = labels.default({});

export const priorityClass = existingName;

export const topologySpread = z.strictObject({
    topologyKey: z.string().min(1).describe("Node label whose value makes two nodes one place."),
    maxSkew: z
        .int()
        .min(1)
        .default(1)
        .describe("How many pods a place may have more than another."),
    whenUnsatisfiable: z
        .enum(["ScheduleAnyway", "DoNotSchedule"])
        .default("ScheduleAnyway")
        .describe("A wish, or a condition that may leave a pod pending."),
});
