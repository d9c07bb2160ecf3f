/** Settings of registration entries for workloads. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { duration } from "./amounts";
import { trustDomain } from "./words";

/** The path of a SPIFFE ID (SPIFFE standard, section 2.2). */
const idPath = z
    .string()
    .regex(
        /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/,
        'must be the path of a SPIFFE ID: "/" and segments of letters, digits, ".", "-" and "_"',
    );

/** IDs with a meaning of their own: SPIRE's, and those that Cilium's identities hang on. */
const RESERVED = /^\/(spire|identity|cilium-operator|cilium-agent|cilium-operator-nodes)(\/|$)/;

const selector = z
    .string()
    .regex(
        /^[a-z0-9_]+:.+/,
        "must be a selector: an attestor's name and a condition, such as k8s:ns:shop",
    );

const workload = z
    .strictObject({
        path: idPath
            .refine(
                (path) => !RESERVED.test(path),
                "is reserved for SPIRE and Cilium; choose another",
            )
            .describe("Path of the SPIFFE ID, such as `/ns/shop/sa/checkout`."),
        selectors: z
            .array(selector)
            .min(1, "must have a selector")
            .describe(
                "What a process must have, all of it: `k8s:ns:shop`, `k8s:sa:checkout`, ... The agents of this program know those of the attestor `k8s`; agents behind an `alias` may know others.",
            ),
        parent: z
            .union([
                z.strictObject({
                    nodeLabels: z
                        .record(z.string(), z.string())
                        .describe("Labels that a node must carry, all of them; empty: every node."),
                }),
                z.strictObject({ alias: idPath.describe("Path of the alias entry's SPIFFE ID.") }),
            ])
            .default({ nodeLabels: {} })
            .describe(
                "Whose agents may issue the identity: those of nodes with all these labels (`nodeLabels`), or those that an alias entry stands for (`alias`, its path).",
            ),
        dnsNames: z.array(z.string().min(1)).default([]).describe("DNS names in the X.509-SVID."),
        x509SvidTtl: duration
            .optional()
            .describe("Lifetime of X.509-SVIDs; the server's default when absent."),
        jwtSvidTtl: duration
            .optional()
            .describe("Lifetime of JWT-SVIDs; the server's default when absent."),
        hint: z
            .string()
            .max(1024)
            .default("")
            .describe("Tells SVIDs apart for a workload that gets several."),
        federatesWith: z
            .array(trustDomain)
            .default([])
            .describe("Foreign trust domains whose bundles the workload gets."),
        admin: z.boolean().default(false).describe("Gives the holder SPIRE's admin API."),
        downstream: z
            .boolean()
            .default(false)
            .describe("Marks a SPIRE server that takes its CA from this one."),
    })
    .superRefine(({ parent, selectors }, context) => {
        const foreign = selectors.find((s) => !s.startsWith("k8s:"));
        if ("alias" in parent || foreign === undefined) return;
        context.addIssue({
            code: "custom",
            path: ["selectors"],
            message: `no agent of this program gives ${foreign}: they attest by k8s alone; use k8s selectors, or hang the entry under agents of your own with parent.alias`,
        });
    })
    .superRefine(({ admin, downstream, parent, selectors }, context) => {
        const right = admin ? "admin" : "downstream";
        if (!admin && !downstream) return;
        // Every agent under which an entry hangs can issue the identity itself: one stolen node has the right.
        if ("nodeLabels" in parent && Object.keys(parent.nodeLabels).length === 0) {
            context.addIssue({
                code: "custom",
                path: ["parent"],
                message: `an identity with the right "${right}" must not hang under every node; name the nodes with parent.nodeLabels`,
            });
        }
        if (!["k8s:ns:", "k8s:sa:"].every((start) => selectors.some((s) => s.startsWith(start)))) {
            context.addIssue({
                code: "custom",
                path: ["selectors"],
                message: `an identity with the right "${right}" needs a k8s:ns and a k8s:sa selector; add them`,
            });
        }
    });

export const workloadsSettings = z
    .record(
        z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"'),
        workload,
    )
    .default({});
