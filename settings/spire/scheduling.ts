/** Where pods may run: the part of Kubernetes' scheduling vocabulary that server and agents share. */
import { z } from "zod";
import { existingName, labelKey, labelValue, objectName, variants } from "../words";

const labels = z.record(labelKey, labelValue);

/** Conditions on labels: with values, or without. */
const conditions = [
    z.strictObject({
        operator: z.literal(["In", "NotIn"]),
        key: labelKey,
        values: z.array(labelValue).min(1, "must have a value"),
    }),
    z.strictObject({ operator: z.literal(["Exists", "DoesNotExist"]), key: labelKey }),
] as const;

/** Nodes can also be compared by number. */
const comparison = z.strictObject({
    operator: z.literal(["Gt", "Lt"]),
    key: labelKey,
    values: z
        .array(z.string().regex(/^-?\d+$/, "must be a whole number, in quotes"))
        .length(1, "must have exactly one number"),
});

const nodeTerm = z.strictObject({
    matchExpressions: z
        .array(variants("operator", [...conditions, comparison]))
        .min(1, "must have a condition"),
});

const labelSelector = z.strictObject({
    matchLabels: labels.optional(),
    matchExpressions: z.array(variants("operator", conditions)).optional(),
});

const podTerm = z.strictObject({
    labelSelector,
    topologyKey: labelKey,
    namespaces: z.array(objectName).optional(),
    namespaceSelector: labelSelector.optional(),
});

const weight = z.int().min(1).max(100);

/** What must hold, and what should. */
function rules<R extends z.ZodType, P extends z.ZodType>(required: R, preferred: P) {
    return z
        .strictObject({
            requiredDuringSchedulingIgnoredDuringExecution: required.optional(),
            preferredDuringSchedulingIgnoredDuringExecution: z.array(preferred).optional(),
        })
        .optional();
}

const nodeRules = rules(
    z.strictObject({ nodeSelectorTerms: z.array(nodeTerm).min(1) }),
    z.strictObject({ weight, preference: nodeTerm }),
);
const podRules = rules(z.array(podTerm), z.strictObject({ weight, podAffinityTerm: podTerm }));

/** `affinity` of a pod, with the names that Kubernetes gives them. What they mean, Kubernetes says. */
export const affinity = z
    .strictObject({ nodeAffinity: nodeRules, podAffinity: podRules, podAntiAffinity: podRules })
    .meta({
        externalDocs:
            "As [Kubernetes has it](https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#affinity-and-anti-affinity), " +
            "without `matchFields`, `matchLabelKeys` and `mismatchLabelKeys`.",
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
    .refine(
        (t) => t.operator === "Equal" || t.value === undefined,
        "Exists takes no value; remove it, or set operator: Equal",
    )
    .refine(
        (t) => t.operator === "Exists" || t.key !== undefined,
        "needs a key; or set operator: Exists",
    )
    .refine(
        (t) => t.tolerationSeconds === undefined || t.effect === "NoExecute",
        "tolerationSeconds needs effect: NoExecute; set that, or remove it",
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
        "has the same topologyKey twice; remove one",
    );
