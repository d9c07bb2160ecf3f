/** Settings of the registration entries that Cilium needs. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { group, labelKey, labelValue } from "./words";

export const registrationSettings = group({
    strategy: z
        .enum(["perAgent", "nodeAlias"])
        .default("perAgent")
        .describe(
            "`perAgent`: entries under each agent; a new node gets none until the next `up`. `nodeAlias`: one set of entries that every attested agent shares.",
        ),
    operatorNodeLabels: z
        .record(labelKey, labelValue)
        .default({})
        .describe(
            "Labels of the nodes where cilium-operator may run: only their agents may issue its admin identity, and Cilium's chart gets them as its node selector. Empty: all nodes.",
        ),
    unattestedNodes: z
        .enum(["fail", "exclude"])
        .default("fail")
        .describe(
            "Ready nodes whose agent has not attested by the deadline: `fail` stops the `up` and names them, `exclude` leaves them out with a warning. Nodes that are not Ready are always left out, without waiting, until their agent attests; what a node has it keeps.",
        ),
    timeoutSeconds: z
        .int()
        .min(10, "must be 10 to 86400")
        .max(86400, "must be 10 to 86400")
        .default(300)
        .describe(
            "Deadline for the server to be Ready, for all agents to attest, and in a rollout of the agents for one more to do so.",
        ),
});
