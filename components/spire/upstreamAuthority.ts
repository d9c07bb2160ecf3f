/** The CA above the SPIRE server's: its plugin, what it needs of the pod, and which rights. */
import type { UpstreamAuthoritySettings } from "../../settings/spire/upstreamAuthority";
import { plugin } from "./plugin";
import { NOTHING, type PodParts, secretFiles, tokenFile } from "./podParts";

type Vault = Extract<UpstreamAuthoritySettings, { type: "vault" }>;

const CA_DIR = "/run/spire/upstream/ca";
const CERT_DIR = "/run/spire/upstream/cert";
const SOCKET_DIR = "/run/spire/upstream/socket";
const TOKEN_DIR = "/run/spire/upstream/token";

/** @param namespace the server's, where CertificateRequests go by default. */
export function upstreamAuthorityPlugin(
    settings: UpstreamAuthoritySettings,
    namespace: string,
): object[] {
    switch (settings.type) {
        case "disk": {
            const { certificate, bundle } = settings;
            return plugin("disk", {
                cert_file_path: `${CERT_DIR}/${certificate.certKey}`,
                key_file_path: `${CERT_DIR}/${certificate.keyKey}`,
                bundle_file_path: bundle && `${CA_DIR}/${bundle.key}`,
            });
        }
        case "cert-manager":
            return plugin("cert-manager", {
                issuer_name: settings.issuerName,
                issuer_kind: settings.issuerKind,
                issuer_group: settings.issuerGroup,
                namespace: settings.namespace ?? namespace,
            });
        case "vault":
            return plugin("vault", {
                vault_addr: settings.address,
                pki_mount_point: settings.pkiMountPoint,
                namespace: settings.namespace,
                ca_cert_path: settings.rootCa && `${CA_DIR}/${settings.rootCa.key}`,
                ...vaultAuth(settings.auth),
            });
        case "aws_pca":
            return plugin("aws_pca", {
                region: settings.region,
                certificate_authority_arn: settings.certificateAuthorityArn,
                ca_signing_template_arn: settings.signingTemplateArn,
                signing_algorithm: settings.signingAlgorithm,
                assume_role_arn: settings.assumeRoleArn,
            });
        case "spire":
            return plugin("spire", {
                server_address: settings.address,
                server_port: String(settings.port),
                workload_api_socket: `${SOCKET_DIR}/${settings.socketName}`,
            });
    }
}

/** Credentials that are absent here come by the environment, under the names that the plugin reads. */
function vaultAuth(auth: Vault["auth"]): object {
    switch (auth.method) {
        case "kubernetes":
            return {
                k8s_auth: {
                    k8s_auth_mount_point: auth.mountPoint,
                    k8s_auth_role_name: auth.role,
                    token_path: `${TOKEN_DIR}/vault`,
                },
            };
        case "approle":
            return { approle_auth: { approle_auth_mount_point: auth.mountPoint } };
        case "token":
            return { token_auth: {} };
        case "cert":
            return {
                cert_auth: {
                    cert_auth_mount_point: auth.mountPoint,
                    cert_auth_role_name: auth.role,
                    client_cert_path: `${CERT_DIR}/${auth.certificate.certKey}`,
                    client_key_path: `${CERT_DIR}/${auth.certificate.keyKey}`,
                },
            };
    }
}

export function upstreamAuthorityParts(settings: UpstreamAuthoritySettings): PodParts {
    switch (settings.type) {
        case "disk":
            return {
                env: {},
                mounts: [certificateFiles(settings.certificate), ...caFile(settings.bundle)],
            };
        case "vault":
            return vaultParts(settings);
        case "aws_pca":
            if (settings.credentialsSecret === undefined) return NOTHING;
            return {
                env: {
                    AWS_ACCESS_KEY_ID: fromSecret(settings.credentialsSecret, "access-key-id"),
                    AWS_SECRET_ACCESS_KEY: fromSecret(
                        settings.credentialsSecret,
                        "secret-access-key",
                    ),
                },
                mounts: [],
            };
        case "spire": {
            const csi = { driver: settings.csiDriver, readOnly: true };
            return {
                env: {},
                mounts: [{ volume: { name: "upstream-socket", csi }, destPath: SOCKET_DIR }],
            };
        }
        case "cert-manager":
            return NOTHING;
    }
}

function vaultParts({ auth, rootCa }: Vault): PodParts {
    return {
        env: vaultEnv(auth),
        mounts: [
            ...caFile(rootCa),
            ...(auth.method === "cert" ? [certificateFiles(auth.certificate)] : []),
            ...(auth.method === "kubernetes"
                ? [tokenFile("vault-token", auth.audience, "vault", TOKEN_DIR)]
                : []),
        ],
    };
}

function vaultEnv(auth: Vault["auth"]): PodParts["env"] {
    if (auth.method === "token") return { VAULT_TOKEN: { secretKeyRef: auth.token } };
    if (auth.method !== "approle") return {};
    return {
        VAULT_APPROLE_ID: fromSecret(auth.secret, "role-id"),
        VAULT_APPROLE_SECRET_ID: fromSecret(auth.secret, "secret-id"),
    };
}

/** The rights that the plugin needs in a namespace: it makes, reads and later removes its requests (certmanager.go, api.go). */
export function upstreamAuthorityRules(
    settings: UpstreamAuthoritySettings,
    namespace: string,
): { namespace: string; apiGroups: string[]; resources: string[]; verbs: string[] } | undefined {
    if (settings.type !== "cert-manager") return undefined;
    return {
        namespace: settings.namespace ?? namespace,
        apiGroups: ["cert-manager.io"],
        resources: ["certificaterequests"],
        verbs: ["create", "get", "list", "delete"],
    };
}

/** What the server's service account must be annotated with; undefined when with nothing. */
export function upstreamAuthorityAnnotations(
    settings: UpstreamAuthoritySettings | undefined,
): Record<string, string> | undefined {
    if (settings?.type !== "aws_pca" || settings.serviceAccountRoleArn === undefined) return;
    return { "eks.amazonaws.com/role-arn": settings.serviceAccountRoleArn };
}

function fromSecret(name: string, key: string) {
    return { secretKeyRef: { name, key } };
}

function certificateFiles(cert: { name: string; certKey: string; keyKey: string }) {
    return secretFiles("upstream-cert", cert.name, [cert.certKey, cert.keyKey], CERT_DIR);
}

function caFile(ca: { name: string; key: string } | undefined) {
    return ca ? [secretFiles("upstream-ca", ca.name, [ca.key], CA_DIR)] : [];
}
