/** The SPIFFE Workload API: who this process is, told anew by the SPIRE agent of its node whenever that changes. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import {
    type ClientReadableStream,
    credentials,
    loadPackageDefinition,
    Metadata,
    type ServiceClientConstructor,
    status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { parseSpiffeId, type SpiffeId } from "./spiffeId";

/** An X.509-SVID with what its holder needs to verify others. */
export interface Identity {
    id: SpiffeId;
    certificate: X509Certificate;
    /** PEM: the certificate, then its intermediates. */
    chain: string;
    /** PEM. It stays in memory: there is a new one with every rotation. */
    key: string;
    /** PEM certificates of the authorities of each trust domain that is known: the own one, and those federated with. */
    bundles: ReadonlyMap<string, string>;
}

/** A message of workload.proto. */
export interface Response {
    svids: { spiffeId: string; x509Svid: Buffer; x509SvidKey: Buffer; bundle: Buffer }[];
    federatedBundles: Record<string, Buffer>;
}

/** Without it the agent answers nobody: a browser that is lured to the socket cannot send it. */
export const SECURITY_HEADER = Metadata.fromHttp2Headers({ "workload.spiffe.io": "true" });
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * The identities of this process, one after another, as long as it lives. An agent that is away, or has no identity for it
 * yet, is asked again, later each time.
 *
 * @param endpoint such as `unix:///run/spire/sockets/agent.sock`.
 * @param onTrouble gets the reason of every wait.
 * @throws Error when the agent does not take the request, which no waiting would change.
 */
export async function* identities(
    endpoint: string,
    onTrouble: (reason: string) => void,
): AsyncGenerator<Identity, never> {
    const client = workloadApi(endpoint);
    const fetch = client.FetchX509SVID as (
        request: object,
        metadata: Metadata,
    ) => ClientReadableStream<Response>;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
        const stream = fetch.call(client, {}, SECURITY_HEADER);
        try {
            for await (const response of stream) {
                yield identityOf(response as Response);
                wait = FIRST_WAIT_MS;
            }
            onTrouble("the agent has ended the stream");
        } catch (error) {
            if ((error as { code?: status }).code === status.INVALID_ARGUMENT) throw error;
            onTrouble((error as Error).message);
        } finally {
            stream.cancel();
        }
        // Not all at once, when an agent comes back.
        await setTimeout(wait * (0.5 + Math.random() / 2));
    }
}

/** A client of the agent behind the socket; nothing is sent yet. */
export function workloadApi(endpoint: string): InstanceType<ServiceClientConstructor> {
    const proto = join(__dirname, "..", "workload.proto");
    // An empty list or map is one, and not absent.
    const definition = loadSync(proto, { arrays: true, objects: true });
    const Api = loadPackageDefinition(definition).SpiffeWorkloadAPI as ServiceClientConstructor;
    return new Api(endpoint, credentials.createInsecure(), {
        "grpc.max_reconnect_backoff_ms": LONGEST_WAIT_MS,
    });
}

/** @throws Error for a response without an identity, which the specification rules out. */
export function identityOf({ svids, federatedBundles }: Response): Identity {
    const [svid] = svids;
    if (!svid) throw new Error("the agent's answer has no SVID");
    const id = parseSpiffeId(svid.spiffeId);
    const chain = certificatesOf(svid.x509Svid);
    const key = createPrivateKey({ key: svid.x509SvidKey, format: "der", type: "pkcs8" });
    const bundles = new Map(
        Object.entries(federatedBundles).map(([domain, bundle]) => [
            domain.replace(/^spiffe:\/\//, ""),
            pem(certificatesOf(bundle)),
        ]),
    );
    bundles.set(id.trustDomain, pem(certificatesOf(svid.bundle)));
    return {
        id,
        certificate: chain[0]!,
        chain: pem(chain),
        key: key.export({ format: "pem", type: "pkcs8" }) as string,
        bundles,
    };
}

/**
 * The authorities that may vouch for a peer: those of its own trust domain, and no others. Another domain's authority can
 * sign any name.
 *
 * @returns PEM.
 * @throws Error when the bundle of that trust domain is not known.
 */
export function authoritiesFor(peer: SpiffeId, { id, bundles }: Identity): string {
    const bundle = bundles.get(peer.trustDomain);
    if (bundle === undefined) {
        throw new Error(
            `no bundle of the trust domain ${peer.trustDomain} for ${id.uri}; add it to federatesWith of its registration entry`,
        );
    }
    return bundle;
}

/** DER certificates, one after another. */
function certificatesOf(der: Buffer): X509Certificate[] {
    const all: X509Certificate[] = [];
    for (let rest = der; rest.length > 0; rest = rest.subarray(all.at(-1)!.raw.length)) {
        all.push(new X509Certificate(rest));
    }
    return all;
}

function pem(certificates: readonly X509Certificate[]): string {
    return certificates.map(String).join("");
}
