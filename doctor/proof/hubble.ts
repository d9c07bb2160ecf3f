/** What Hubble, where it runs, has seen of the packets of a proof. */
import { type Cluster, ClusterUnreachable, messageOf, poll } from "@cilium-spire/entries-provider";
import type { Evidence } from "./evidence";
import { inCilium, type ScenePod } from "./pods";

/** How long new connections are made until one is seen: a busy node's buffer holds a flow for seconds. */
const HUBBLE_MS = 20_000;
/** More than a proof makes of one pair. */
const FLOWS = "100";

/** A flow as `hubble observe -o jsonpb` prints it, one in a line; a field with its default is absent. */
interface Flow {
    auth_type?: string;
}

/** What passed of a client's packets; when nothing, why. */
interface Passed {
    flows: Flow[];
    why: string;
}

/** Makes a pod connect to the server anew. */
type Connect = (client: ScenePod) => Promise<unknown>;

/**
 * Asks Hubble on the server's node with which authentication Cilium let the clients' packets pass. Its CLI is in the image of
 * Cilium's agent, and set to the agent's own socket (images/cilium/Dockerfile of 1.15 to 1.20).
 *
 * @returns nothing where Hubble does not run. Where it has kept nothing, that: its buffer forgets, and these events can be
 * switched off.
 * @throws Error when packets passed with another authentication, or none.
 */
export async function seenByHubble(
    cluster: Cluster,
    { server, clients }: { server: ScenePod; clients: ScenePod[] },
    connect: Connect,
): Promise<Evidence[]> {
    const status = await inCilium(cluster, server.node, ["cilium-dbg", "status", "-o", "json"]);
    const { hubble } = JSON.parse(status) as { hubble?: { state?: string } };
    if (hubble?.state !== "Ok") return [];
    const seen: string[] = [];
    for (const client of clients) {
        const { flows, why } = await passed(cluster, server, client, connect);
        const other = flows.find(({ auth_type }) => auth_type !== "SPIRE");
        if (other) {
            throw new Error(
                `Hubble on ${server.node} saw a packet of ${client.name} pass to ${server.name} with the authentication ${other.auth_type ?? "DISABLED"}, not SPIRE`,
            );
        }
        const pair = `${client.identity} to ${server.identity}`;
        if (flows.length === 0) {
            return [{ what: "Hubble runs, but tells nothing of packets", seen: `${pair}: ${why}` }];
        }
        seen.push(pair);
    }
    return [{ what: "Hubble saw packets pass, authenticated by SPIRE", seen: seen.join(", ") }];
}

async function passed(
    cluster: Cluster,
    server: ScenePod,
    client: ScenePod,
    connect: Connect,
): Promise<Passed> {
    const command = [
        ...["hubble", "observe", "--type", "policy-verdict", "--verdict", "FORWARDED"],
        ...["--from-identity", String(client.identity), "--to-identity", String(server.identity)],
        ...["--last", FLOWS, "-o", "jsonpb"],
    ];
    const end = Date.now() + HUBBLE_MS;
    return await poll<Passed>(2 * HUBBLE_MS, "a verdict in Hubble", async () => {
        await connect(client);
        const found = await inCilium(cluster, server.node, command).then(
            (output) => ({ flows: output.split("\n").flatMap(flowOf), why: "no verdict" }),
            (error: unknown) => {
                if (error instanceof ClusterUnreachable) throw error;
                return { flows: [], why: messageOf(error) };
            },
        );
        const over = found.flows.length > 0 || Date.now() > end;
        return over ? { done: found } : { waitingFor: found.why };
    });
}

function flowOf(line: string): Flow[] {
    if (!line.startsWith("{")) return [];
    const { flow } = JSON.parse(line) as { flow?: Flow };
    return flow ? [flow] : [];
}
