/** Where pods may run: the part of Kubernetes' scheduling vocabulary that server and agents share. */
import { z } from "zod";
import { existingName, labelKey, labelValue, objectName, variants } from "../words";

const labels = z.record(labelKey, labelValue);

const key = labelKey.describe("Label key.");
const values = z.array(labelValue).min(1, "must have a value").describe("Label values.");

/** Conditions on labels: with values, or without. */
const requirements = [
    z.strictObject({
        operator: z.literal("In").describe("The label has one of the values."),
        key,
        values,
    }),
    z.strictObject({
        operator: z.literal("NotIn").describe("The label is absent, or has none of the values."),
        key,
        values,
    }),
    z.strictObject({ operator: z.literal("Exists").describe("The label is there."), key }),
    z.strictObject({ operator: z.literal("DoesNotExist").describe("The label is absent."), key }),
] as const;

const threshold = z
    .array(z.string().regex(/^-?\d+$/, "must be a whole number, in quotes"))
    .length(1, "must have exactly one number")
    .describe("The number, in quotes.");

/** Nodes can also be compared by number. */
const nodeRequirements = [
    ...requirements,
    z.strictObject({
        operator: z.literal("Gt").describe("The label is a greater number."),
        key,
        values: threshold,
    }),
    z.strictObject({
        operator: z.literal("Lt").describe("The label is a smaller number."),
        key,
        values: threshold,
    }),
] as const;

const nodeTerm = z.strictObject({
    matchExpressions: z
        .array(variants("operator", nodeRequirements))
        .min(1, "must have a condition")
        .describe("Conditions on node labels, all of which must hold."),
});

const labelSelector = z.strictObject({
    matchLabels: labels.optional().describe("Labels that must be there."),
    matchExpressions: z
        .array(variants("operator", requirements))
        .optional()
        .describe("Conditions on labels."),
});

const podTerm = z.strictObject({
    labelSelector: labelSelector.describe("Which pods."),
    topologyKey: labelKey.describe("Node label whose value makes two nodes one place."),
    namespaces: z.array(objectName).optional().describe("Namespaces of those pods; the own one."),
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

export const toleration = z
    .strictObject({
        key: labelKey.optional().describe("Taint key; all taints when absent (operator Exists)."),
        operator: z.enum(["Exists", "Equal"]).default("Equal").describe("How `value` is compared."),
        value: labelValue.optional().describe("Taint value, with operator Equal."),
        effect: z
            .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
            .optional()
            .describe("Taint effect; all when absent."),
        tolerationSeconds: z
            .int()
            .min(0)
            .optional()
            .describe("How long a taint with effect NoExecute is tolerated; for ever when absent."),
    })
    .refine((t) => t.operator === "Equal" || t.value === undefined, "Exists takes no value")
    .refine(
        (t) => t.operator === "Exists" || t.key !== undefined,
        "needs a key; or set operator: Exists",
    )
    .refine(
        (t) => t.tolerationSeconds === undefined || t.effect === "NoExecute",
        "tolerationSeconds needs effect: NoExecute",
    );

export const nodeSelector = labels.default({});

export const priorityClass = existingName;

const topologySpread = z.strictObject({
    topologyKey: labelKey.describe("Node label whose value makes two nodes one place."),
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

/** Kubernetes takes each constraint once. */
export const topologySpreads = z
    .array(topologySpread)
    .refine(
        (list) => new Set(list.map((c) => c.topologyKey)).size === list.length,
        "has the same topologyKey twice",
    );
