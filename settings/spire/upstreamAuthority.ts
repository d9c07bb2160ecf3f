/** Settings of the CA that signs the SPIRE server's CA. Meanings: spire doc/plugin_server_upstreamauthority_*.md. */
import { z } from "zod";
import {
    certificateSecret,
    existingName,
    hostName,
    httpsUrl,
    objectName,
    port,
    secretKey,
    text,
    variants,
} from "../words";

const arn = z
    .string()
    .max(2048)
    .regex(/^arn:[!-~]+$/, "must be an ARN, arn:...");

const disk = z.strictObject({
    type: z.literal("disk").describe("A CA certificate with its key, from a Secret."),
    certificate: certificateSecret.describe(
        "The CA: self-signed, or a chain up to a root in `bundle`. A renewed Secret is used without a restart.",
    ),
    bundle: secretKey("ca.crt")
        .optional()
        .describe("Roots (PEM), from a Secret, of a CA that is not self-signed."),
});

const certManager = z.strictObject({
    type: z
        .literal("cert-manager")
        .describe("An issuer of cert-manager in this cluster that can sign CAs."),
    issuerName: existingName.describe("Name of the issuer."),
    issuerKind: text().default("Issuer").describe("Kind of the issuer, such as ClusterIssuer."),
    issuerGroup: text().default("cert-manager.io").describe("API group of the issuer."),
    namespace: objectName
        .optional()
        .describe("Namespace of the CertificateRequests, and of an Issuer; the server's own."),
});

const vaultAuth = variants("method", [
    z.strictObject({
        method: z.literal("kubernetes").describe("The server's own service account token."),
        role: text().describe("Role in Vault."),
        mountPoint: text().default("kubernetes").describe("Mount of the auth method."),
        audience: text().default("vault").describe("Audience of the token; the role must name it."),
    }),
    z.strictObject({
        method: z.literal("approle").describe("An AppRole."),
        secret: existingName.describe("Secret with the keys `role-id` and `secret-id`."),
        mountPoint: text().default("approle").describe("Mount of the auth method."),
    }),
    z.strictObject({
        method: z.literal("token").describe("A token, which someone else must renew."),
        token: secretKey("token").describe("The token, from a Secret."),
    }),
    z.strictObject({
        method: z.literal("cert").describe("A TLS client certificate."),
        certificate: certificateSecret.describe("The certificate, from a Secret."),
        role: text().optional().describe("Role in Vault; any that matches when absent."),
        mountPoint: text().default("cert").describe("Mount of the auth method."),
    }),
]);

const vault = z.strictObject({
    type: z.literal("vault").describe("The PKI engine of HashiCorp Vault."),
    address: httpsUrl.describe("URL of Vault."),
    pkiMountPoint: text().default("pki").describe("Mount of the PKI engine."),
    namespace: text().optional().describe("Namespace, in Vault Enterprise."),
    rootCa: secretKey("ca.crt")
        .optional()
        .describe("CA (PEM) of Vault's certificate, from a Secret; the public CAs when absent."),
    auth: vaultAuth.describe("How the server logs in to Vault."),
});

const awsPca = z.strictObject({
    type: z.literal("aws_pca").describe("A private CA of AWS Certificate Manager."),
    region: text().describe("AWS region of the CA."),
    certificateAuthorityArn: arn.describe("ARN of the CA."),
    signingTemplateArn: arn
        .default("arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1")
        .describe(
            "Signing template. SPIRE's own default makes end-entity certificates, which cannot sign SVIDs.",
        ),
    signingAlgorithm: text().optional().describe("Signing algorithm; the CA's own when absent."),
    assumeRoleArn: arn.optional().describe("Role to assume for the calls."),
    serviceAccountRoleArn: arn
        .optional()
        .describe("EKS role of the server's service account (IRSA)."),
    credentialsSecret: existingName
        .optional()
        .describe(
            "Secret with the keys `access-key-id` and `secret-access-key`. Absent: IRSA, EKS Pod Identity or the node's role.",
        ),
});

const spire = z.strictObject({
    type: z
        .literal("spire")
        .describe("Another SPIRE server of this trust domain: this one becomes nested."),
    address: hostName.describe("Host of the upstream server."),
    port: port.default(8081).describe("Port of the upstream server."),
    csiDriver: existingName
        .default("upstream.csi.spiffe.io")
        .describe(
            "SPIFFE CSI driver that gives pods the Workload API socket of the upstream's agents. The server needs a `downstream` entry there.",
        ),
    socketName: z
        .string()
        .max(107)
        .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/, "must be a file name")
        .default("spire-agent.sock")
        .describe("File name of that socket."),
});

export const upstreamAuthoritySettings = variants("type", [
    disk,
    certManager,
    vault,
    awsPca,
    spire,
]);

export type UpstreamAuthoritySettings = z.output<typeof upstreamAuthoritySettings>;
