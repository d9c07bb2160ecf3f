/** The SPIRE server's federation with other trust domains. */
import type { FederationSettings } from "../../settings/spire/federation";
import { NOTHING, type PodParts, secretFiles } from "./podParts";

const CERT_DIR = "/run/spire/federation";
/** The container is not root: it cannot listen on 443. */
export const BUNDLE_ENDPOINT_PORT = 8443;

type BundleEndpoint = NonNullable<FederationSettings["bundleEndpoint"]>;

/** The section `federation` of server.conf. */
export function federationConf({ bundleEndpoint, federatesWith }: FederationSettings): object {
    const relations = Object.entries(federatesWith).map(([trustDomain, other]) => [
        trustDomain,
        {
            bundle_endpoint_url: other.url,
            bundle_endpoint_profile:
                other.profile === "https_web"
                    ? { https_web: {} }
                    : { https_spiffe: { endpoint_spiffe_id: other.endpointSpiffeId } },
        },
    ]);
    return {
        bundle_endpoint: bundleEndpoint && {
            address: "0.0.0.0",
            port: BUNDLE_ENDPOINT_PORT,
            refresh_hint: bundleEndpoint.refreshHint,
            profile: endpointProfile(bundleEndpoint),
        },
        federates_with: Object.fromEntries(relations) as object,
    };
}

function endpointProfile(endpoint: BundleEndpoint): object {
    if (endpoint.profile === "https_spiffe") return { https_spiffe: {} };
    const { acme, certificate } = endpoint;
    if (acme) {
        return {
            https_web: {
                acme: {
                    directory_url: acme.directoryUrl,
                    domain_name: acme.domainName,
                    email: acme.email,
                    tos_accepted: acme.termsAccepted,
                },
            },
        };
    }
    return {
        https_web: {
            serving_cert_file: {
                cert_file_path: `${CERT_DIR}/${certificate!.certKey}`,
                key_file_path: `${CERT_DIR}/${certificate!.keyKey}`,
                // SPIRE refuses the profile without it.
                file_sync_interval: "1h",
            },
        },
    };
}

export function federationParts({ bundleEndpoint }: FederationSettings): PodParts {
    if (bundleEndpoint?.profile !== "https_web" || !bundleEndpoint.certificate) return NOTHING;
    const { name, certKey, keyKey } = bundleEndpoint.certificate;
    return { env: {}, mounts: [secretFiles("bundle-endpoint", name, [certKey, keyKey], CERT_DIR)] };
}
