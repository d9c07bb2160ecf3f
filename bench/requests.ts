/** What mutual TLS in the pods costs requests, between the same pods and without any policy. */
import type { SpireServer } from "@cilium-spire/entries-provider";
import { contextOf } from "../examples/workload-mtls/src/mtls";
import { parseSpiffeId } from "../examples/workload-mtls/src/spiffeId";
import { identityOf } from "../examples/workload-mtls/src/workloadApi";
import { CONNECTIONS, medianLoad, type RequestFigures, type Transport } from "./figures";
import type { MutualTls } from "./load";
import type { Pair } from "./pair";

const ROUNDS = 5;

/** What `spire-server x509 mint -output json` prints: DER in base64 (cmd/spire-server/cli/x509/mint.go). */
interface Minted {
    x509_svid: string[];
    private_key: string;
    root_cas: string[];
}

/** The same server in both cases, in Node; a round of each after the other, so that what else the machine does meets both. */
export async function measureRequests(
    pair: Pair,
    spire: SpireServer,
    trustDomain: string,
): Promise<RequestFigures[]> {
    await pair.enforce("none");
    const id = (name: string) => `spiffe://${trustDomain}/bench/${name}`;
    const tls = {
        client: await minted(spire, id("client"), id("server")),
        server: await minted(spire, id("server"), id("client")),
    };
    return await pair.answering(undefined, (plain) =>
        pair.answering(tls, (mutualTls) => rounds(pair, { plain, mutualTls })),
    );
}

async function rounds(
    pair: Pair,
    answerers: Record<Transport, Parameters<Pair["load"]>[1]>,
): Promise<RequestFigures[]> {
    const transports = Object.keys(answerers) as Transport[];
    const seen: RequestFigures[] = [];
    for (let round = 0; round < ROUNDS; round++) {
        for (const transport of transports) {
            for (const connections of CONNECTIONS) {
                const load = await pair.load(connections, answerers[transport]);
                seen.push({ transport, connections, ...load });
            }
        }
    }
    return transports.flatMap((transport) =>
        CONNECTIONS.map((connections) => {
            const same = seen.filter(
                (s) => s.transport === transport && s.connections === connections,
            );
            return { transport, connections, ...medianLoad(same) };
        }),
    );
}

/** An SVID of the server's own making, of the kind that agents get for workloads, and TLS by it as examples/workload-mtls has it. */
async function minted(spire: SpireServer, spiffeId: string, peer: string): Promise<MutualTls> {
    const svid = await spire.json<Minted>(["x509", "mint", "-spiffeID", spiffeId]);
    const bytes = (all: string[]) => Buffer.concat(all.map((each) => Buffer.from(each, "base64")));
    const identity = identityOf({
        svids: [
            {
                spiffeId,
                x509Svid: bytes(svid.x509_svid),
                x509SvidKey: bytes([svid.private_key]),
                bundle: bytes(svid.root_cas),
            },
        ],
        federatedBundles: {},
    });
    return { peer, context: contextOf(identity, parseSpiffeId(peer)) };
}
