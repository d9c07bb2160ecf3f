/** Settings of SPIRE's OIDC discovery provider. Defaults and meanings live here and nowhere else. */
import { isIP } from "node:net";
import { z } from "zod";
import { resources } from "../amounts";
import { imageRepository } from "../images";
import { certificateSecret, hostName } from "../words";

export const oidcDiscoveryProviderSettings = z.strictObject({
    domain: hostName
        .refine(
            (name) => isIP(name) === 0,
            "must be a DNS name: it is the host of the tokens' `iss`",
        )
        .describe(
            "DNS name under which verifiers reach the documents by https, on port 443. `iss` of JWT-SVIDs is `https://<domain>`.",
        ),
    certificate: certificateSecret
        .optional()
        .describe(
            "Certificate of that name in `spire.agent.namespace`, read anew when it is renewed. Without, the provider speaks plain HTTP, for an Ingress or Gateway that has the certificate.",
        ),
    replicas: z
        .int()
        .min(1, "must be 1 or more")
        .default(2)
        .describe("Pods that answer. They keep nothing."),
    image: imageRepository
        .optional()
        .describe(
            "Image repository; `ghcr.io/spiffe/oidc-discovery-provider`, or that path at `images.registry`, when absent. The tag is `spire.version`.",
        ),
    resources: resources({
        requests: { cpu: "10m", memory: "32Mi" },
        limits: { memory: "64Mi" },
    }).describe("Resources of its container."),
});

/** Issuer of JWT-SVIDs, from which verifiers find everything else. */
export function jwtIssuer({ domain }: OidcDiscoveryProviderSettings): string {
    return `https://${domain}`;
}

export type OidcDiscoveryProviderSettings = z.output<typeof oidcDiscoveryProviderSettings>;
