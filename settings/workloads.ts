/** Settings of registration entries for workloads. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { duration } from "./amounts";
import { distinct, dnsName, idPath, labelKey, labelValue, text, trustDomain } from "./words";

/** Paths with a meaning of their own: SPIRE's, and those that Cilium's identities hang on. */
export const RESERVED_PATH =
    /^\/(spire|identity|cilium-operator|cilium-agent|cilium-operator-nodes)(\/|$)/;

export const selector = z
    .string()
    .max(1024)
    .regex(
        /^[a-z0-9_]+:[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$/u,
        "must be a selector: an attestor's name and a condition, such as k8s:ns:shop",
    );

export const workloadSchema = z.strictObject({
    path: idPath
        .refine(
            (path) => !RESERVED_PATH.test(path),
            "is reserved for SPIRE and Cilium; choose another",
        )
        .describe("Path of the SPIFFE ID, such as `/ns/shop/sa/checkout`."),
    selectors: distinct(selector)
        .min(1, "needs at least one selector; add one")
        .describe(
            "What a process must have, all of it: `k8s:ns:shop`, `k8s:sa:checkout`, ... The agents of this program know those of the attestor `k8s`, and with `spire.agent.unixAttestor` those of `unix`; agents behind an `alias` may know others.",
        ),
    parent: z
        .union(
            [
                z.strictObject({
                    nodeLabels: z
                        .record(labelKey, labelValue)
                        .describe("Labels that a node must carry, all of them; empty: every node."),
                }),
                z.strictObject({ alias: idPath.describe("Path of the alias entry's SPIFFE ID.") }),
            ],
            "must be a group with one key: nodeLabels, or alias",
        )
        .default({ nodeLabels: {} })
        .describe(
            "Whose agents may issue the identity: those of nodes with all these labels (`nodeLabels`), or those that an alias entry stands for (`alias`, its path).",
        ),
    dnsNames: distinct(dnsName).default([]).describe("DNS names in the X.509-SVID."),
    x509SvidTtl: duration
        .optional()
        .describe("Lifetime of X.509-SVIDs; the server's default when absent."),
    jwtSvidTtl: duration
        .optional()
        .describe("Lifetime of JWT-SVIDs; the server's default when absent."),
    hint: z
        .string()
        .refine(
            (hint) => hint === "" || text().safeParse(hint).success,
            "must be at most 1024 bytes, without control characters",
        )
        .default("")
        .describe("Tells SVIDs apart for a workload that gets several."),
    federatesWith: distinct(trustDomain)
        .default([])
        .describe(
            "Foreign trust domains whose bundles the workload gets, of those in `spire.server.federation.federatesWith`.",
        ),
    admin: z.boolean().default(false).describe("Gives the holder SPIRE's admin API."),
    downstream: z
        .boolean()
        .default(false)
        .describe("Marks a SPIRE server that takes its CA from this one."),
});

/** Key of the entry that the program itself adds where it runs an OIDC discovery provider. */
export const OIDC_PROVIDER_WORKLOAD = "oidc-discovery-provider";

export const workloadKey = z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"');

export const workloadsSettings = z.record(workloadKey, workloadSchema).default({});

export type WorkloadSettings = z.output<typeof workloadSchema>;
