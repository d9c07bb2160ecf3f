/** Settings of Hubble. */
import { z } from "zod";
import { CILIUM_SINCE } from "../../versions/cilium";
import { since } from "../since";
import { existingName, group, text, unquoted } from "../words";

/** Why two of the chart's ways to make certificates for Hubble are refused. */
export const NOISY_HUBBLE_METHODS =
    "the chart's helm makes new certificates at every preview, its cronJob makes the first in a Helm hook, which Pulumi does not run";

const hubbleTlsMethods = z.discriminatedUnion(
    "method",
    [
        z.strictObject({
            method: z
                .literal("certmanager")
                .describe("cert-manager, already in the cluster, issues the certificates."),
            issuerRef: z
                .strictObject({
                    name: existingName.describe("Name of the issuer."),
                    kind: text()
                        .default("ClusterIssuer")
                        .describe("`ClusterIssuer`, or `Issuer` for one in Cilium's namespace."),
                    group: text().default("cert-manager.io").describe("API group of the issuer."),
                })
                .describe("cert-manager's issuer."),
        }),
        z.strictObject({
            method: since(
                CILIUM_SINCE.hubbleSecretByName,
                z.literal("provided").describe("You make the certificates."),
                "provided",
            ),
            serverSecret: unquoted(existingName)
                .default("hubble-server-certs")
                .describe(
                    "Secret in Cilium's namespace with `ca.crt`, `tls.crt` and `tls.key` for `*.<cluster.name>.hubble-grpc.cilium.io`. " +
                        "Relay and UI name theirs in `values`.",
                ),
        }),
    ],
    { error: `must be certmanager or provided; ${NOISY_HUBBLE_METHODS}` },
);

export const hubbleSettings = group({
    enabled: z
        .boolean()
        .default(false)
        .describe("Run Hubble, Cilium's observer of flows. Needs `tls`."),
    tls: hubbleTlsMethods
        .optional()
        .describe(
            "Where Hubble's certificates come from. The chart's methods `helm` and `cronJob` are refused.",
        ),
});
