/** Another trust domain: a SPIRE server of its own beside the stack's, as somebody else would run it. */
import { createHash } from "node:crypto";
import type { Cluster } from "@cilium-spire/entries-provider";
import { SERVER_PROGRAM } from "@cilium-spire/entries-provider";
import { plugin } from "../../components/spire/plugin";

/** The domain, and where its server is: namespace, pod and Service have one name. */
export interface TrustDomain {
    name: string;
    place: string;
}

const CONTAINER = "server";

/** URL of its bundle endpoint, inside of the cluster. */
export function bundleUrl({ place }: TrustDomain): string {
    return `https://${place}.${place}.svc`;
}

/**
 * All that it needs.
 *
 * @param image of the SPIRE server.
 * @param friend the trust domain that it federates with, by the URL of its endpoint.
 */
export function trustDomainObjects(
    { name, place }: TrustDomain,
    image: string,
    friend: { name: string; url: string },
): object[] {
    const config = JSON.stringify({
        server: {
            ...{ bind_address: "0.0.0.0", bind_port: "8081", trust_domain: name },
            ...{ data_dir: "/tmp/data", log_level: "DEBUG" },
            federation: {
                bundle_endpoint: {
                    ...{ address: "0.0.0.0", port: 8443, refresh_hint: "1m" },
                    profile: { https_spiffe: {} },
                },
                federates_with: {
                    [friend.name]: {
                        bundle_endpoint_url: friend.url,
                        bundle_endpoint_profile: {
                            https_spiffe: { endpoint_spiffe_id: serverId(friend.name) },
                        },
                    },
                },
            },
        },
        plugins: {
            DataStore: plugin("sql", {
                database_type: "sqlite3",
                connection_string: "/tmp/datastore.sqlite3",
            }),
            KeyManager: plugin("memory", {}),
            NodeAttestor: plugin("join_token", {}),
        },
    });
    const metadata = { name: place, namespace: place };
    const labels = {
        app: place,
        config: createHash("sha256").update(config).digest("hex").slice(0, 8),
    };
    const spec = {
        terminationGracePeriodSeconds: 1,
        containers: [
            {
                ...{ name: CONTAINER, image },
                command: [SERVER_PROGRAM, "run", "-config", "/config/server.conf"],
                volumeMounts: [
                    { name: "config", mountPath: "/config" },
                    { name: "tmp", mountPath: "/tmp" },
                ],
            },
        ],
        // Of SPIRE's image (its Dockerfile).
        securityContext: { fsGroup: 1000 },
        volumes: [
            { name: "config", configMap: { name: place } },
            { name: "tmp", emptyDir: {} },
        ],
    };
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: place } },
        { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "server.conf": config } },
        {
            ...{ apiVersion: "v1", kind: "Service", metadata },
            spec: { selector: { app: place }, ports: [{ port: 443, targetPort: 8443 }] },
        },
        { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, labels }, spec },
    ];
}

/** SPIFFE ID of a trust domain's server, which its bundle endpoint shows. */
export function serverId(trustDomain: string): string {
    return `spiffe://${trustDomain}/spire/server`;
}

/** Runs the command line of its server. */
export async function inTrustDomain(
    cluster: Cluster,
    { place }: TrustDomain,
    args: string[],
    stdin?: string,
): Promise<string> {
    return await spireCommand(
        cluster,
        { namespace: place, pod: place, container: CONTAINER },
        args,
        stdin,
    );
}

/** Runs `spire-server` in a pod; throws when it fails. */
export async function spireCommand(
    cluster: Cluster,
    pod: { namespace: string; pod: string; container: string },
    args: string[],
    stdin?: string,
): Promise<string> {
    const command = [SERVER_PROGRAM, ...args];
    const options = { timeoutMs: 30_000, ...(stdin !== undefined && { stdin }) };
    const { code, stdout, stderr } = await cluster.exec(pod, command, options);
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
}
