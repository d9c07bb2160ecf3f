/** Settings of the federation with other trust domains. */
import { z } from "zod";
import { SINCE } from "../../versions/spire";
import { since } from "../since";
import { duration } from "../amounts";
import {
    certificateSecret,
    hostName,
    httpsUrl,
    labelKey,
    port,
    spiffeId,
    trustDomain,
    variants,
} from "../words";

const service = z
    .strictObject({
        type: z
            .enum(["ClusterIP", "NodePort", "LoadBalancer"])
            .default("ClusterIP")
            .describe("How others reach the endpoint."),
        port: port.default(443).describe("Port of the Service."),
        nodePort: z
            .number()
            .int("must be a port number")
            .min(30000, "must be 30000 to 32767, Kubernetes' range of node ports")
            .max(32767, "must be 30000 to 32767, Kubernetes' range of node ports")
            .optional()
            .describe(
                "With `type` NodePort or LoadBalancer: port of every node, so that the URL is known beforehand. Kubernetes chooses one when absent.",
            ),
        annotations: z
            .record(labelKey, z.string())
            .optional()
            .describe("Annotations, as load balancers read them."),
    })
    .prefault({})
    .describe("The Service of the endpoint.");

const refreshHint = duration
    .default("5m")
    .describe("How often others should fetch the bundle. SPIRE asks at most once a minute.");

const bundleEndpoint = variants("profile", [
    z.strictObject({
        profile: z
            .literal("https_spiffe")
            .describe("Authenticated by the server's SVID: others need this bundle beforehand."),
        refreshHint,
        service,
    }),
    z.strictObject({
        profile: z
            .literal("https_web")
            .describe("Authenticated by a public CA: exactly one of certificate and acme."),
        refreshHint,
        service,
        certificate: since(
            SINCE.servingCertFile,
            certificateSecret
                .optional()
                .describe(
                    "Serving certificate, from a Secret. SPIRE reads a renewed one within the hour.",
                ),
        ),
        acme: z
            .strictObject({
                domainName: hostName.describe(
                    "Public DNS name that leads to the endpoint's port 443.",
                ),
                email: z.email("must be an e-mail address").describe("Contact for the CA."),
                directoryUrl: httpsUrl
                    .default("https://acme-v02.api.letsencrypt.org/directory")
                    .describe("ACME directory."),
                termsAccepted: z
                    .literal(true, "must be true: the CA requires that you accept its terms")
                    .describe("You accept the terms of that CA."),
            })
            .optional()
            .describe("A certificate by ACME (TLS-ALPN-01). For one replica."),
    }),
]);

const federatesWith = variants("profile", [
    z.strictObject({
        profile: z.literal("https_spiffe").describe("Authenticated by an SVID."),
        url: httpsUrl.describe("URL of their bundle endpoint."),
        endpointSpiffeId: spiffeId.describe(
            "SPIFFE ID of their endpoint. If it is of their own trust domain, its bundle must be set once by `bundle set`.",
        ),
    }),
    z.strictObject({
        profile: z.literal("https_web").describe("Authenticated by a public CA."),
        url: httpsUrl.describe("URL of their bundle endpoint."),
    }),
]);

export const federationSettings = z.strictObject({
    bundleEndpoint: bundleEndpoint
        .optional()
        .describe("Where other trust domains fetch this one's bundle; nowhere when absent."),
    federatesWith: z
        .record(trustDomain, federatesWith)
        .default({})
        .describe("Trust domains, by name, whose bundles this server fetches."),
});

export type FederationSettings = z.output<typeof federationSettings>;
