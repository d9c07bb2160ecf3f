/** Settings of Cilium and of the registration entries made for it. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { group, objectName, version } from "./primitives";

export const ciliumSettings = group({
    version: version.default("1.18.12").describe("Version of Cilium: chart and images."),
    namespace: objectName.default("kube-system").describe("Namespace of Cilium."),
    chart: z
        .string()
        .min(1)
        .optional()
        .describe(
            "Path of a chart directory or archive; the official chart repository when absent.",
        ),
    values: z
        .record(z.string(), z.unknown())
        .default({})
        .describe("Further chart values. Those that this program sets itself are refused."),
    workloadSocketInAgent: z
        .boolean()
        .default(true)
        .describe(
            "Mount the workload socket's directory into the cilium-agent containers. Mutual authentication works without.",
        ),
});

export const registrationSettings = group({
    strategy: z
        .enum(["perAgent", "nodeAlias"])
        .default("perAgent")
        .describe(
            "`perAgent`: entries under each agent; a new node gets none until the next `up`. `nodeAlias`: one set of entries that every attested agent shares.",
        ),
    operatorNodeLabels: z
        .record(z.string(), z.string())
        .default({})
        .describe(
            "Labels of the nodes where cilium-operator may run: only their agents may issue its admin identity. Empty: all nodes.",
        ),
    timeoutSeconds: z
        .int()
        .min(10, "must be 10 or more")
        .default(300)
        .describe("Deadline for the server to be Ready and for all agents to attest."),
});

export type CiliumSettings = z.output<typeof ciliumSettings>;
export type RegistrationSettings = z.output<typeof registrationSettings>;
