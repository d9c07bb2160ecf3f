/** Faults of several SPIRE servers on one PostgreSQL. */
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { type Cluster, type Entry, SpireServer } from "@cilium-spire/entries-provider";
import { cgroupPids } from "../../../sandbox/host/cgroups";
import type { Postgres } from "../../support/postgres";
import type { StackOutputs } from "../../../outputs";
import { kubectl, sandbox } from "../../support/world";
import type { LiveFault } from "./fault";

/** Where the servers are. */
interface Stack {
    cluster: Cluster;
    outputs: StackOutputs;
}

const SET = "-n spire-system scale statefulset/spire-server";
const POD = "-l app.kubernetes.io/name=spire-server";

/** More than the half second of the alert, less than the 30 s for which agents wait. */
const LOCKED_SECONDS = 2;
/** Entries that are written at once, and all that are. */
const BATCH = 500;
const MOST_ENTRIES = 40 * BATCH;
/** Servers read entries anew every 5 s. */
const RELOAD_MS = 6_000;

export function missingReplica(replicas: number): LiveFault {
    return {
        what: "one of the servers is gone",
        alerts: ["SPIREServerReplicaDown"],
        make: () => kubectl(`${SET} --replicas=${replicas - 1}`),
        cure: async () => {
            await kubectl(`${SET} --replicas=${replicas}`);
            await serversAreReady();
        },
    };
}

/** Before it answers an agent, a server looks it up in this table. */
export function slowDatabase({ psql }: Pick<Postgres, "psql">): LiveFault {
    let cured = false;
    let locking: Promise<void> | undefined;
    const lock = async () => {
        while (!cured) {
            await psql(
                `LOCK TABLE attested_node_entries IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(${LOCKED_SECONDS})`,
            );
        }
    };
    return {
        what: "the database makes the servers wait",
        alerts: ["SPIREAPILatencyHigh"],
        make: () => {
            locking = lock();
            return Promise.resolve();
        },
        cure: async () => {
            cured = true;
            await locking;
        },
    };
}

/**
 * Entries until the memory of a server is nearly full.
 *
 * @param limit of its memory, in bytes.
 */
export function manyEntries(stack: Stack, limit: number): LiveFault {
    const ids: string[] = [];
    const write = async () => {
        const { trustDomain } = stack.outputs;
        const entries = Array.from({ length: BATCH }, (_, i): Entry => {
            const n = ids.length + i;
            return {
                id: `many-${n}`,
                spiffeId: `spiffe://${trustDomain}/many/${n}`,
                // Nobody's, so no agent fetches it; each server has it in memory.
                parentId: `spiffe://${trustDomain}/nobody`,
                selectors: [`unix:uid:${n}`],
                dnsNames: Array.from({ length: 10 }, (_name, k) => longName(n, k)),
            };
        });
        ids.push(...entries.map(({ id }) => id));
        await (await server(stack)).create(entries);
    };
    return {
        what: "as many entries as fit into a server's memory",
        alerts: ["SPIREHighMemoryUsage"],
        make: async () => {
            while ((await serverMemory()) < 0.85 * limit) {
                if (ids.length >= MOST_ENTRIES) {
                    throw new Error(
                        `${ids.length} entries take ${await serverMemory()} bytes only`,
                    );
                }
                await write();
                await setTimeout(RELOAD_MS);
            }
            console.log(`${ids.length} entries, ${await serverMemory()} of ${limit} bytes`);
        },
        cure: async () => {
            await (await server(stack)).delete(ids);
            // Go gives memory back late.
            await kubectl(`-n spire-system delete pod ${POD}`);
            await serversAreReady();
        },
    };
}

function longName(n: number, k: number): string {
    return [...Array<string>(3).fill("x".repeat(60)), `n${n}`, `k${k}`, "example"].join(".");
}

async function server({ cluster, outputs }: Stack): Promise<SpireServer> {
    return (await SpireServer.find(cluster, outputs.spireServer, 120_000))!;
}

async function serversAreReady(): Promise<void> {
    await kubectl("-n spire-system rollout status statefulset/spire-server --timeout=180s");
}

/** Bytes that the largest server of the sandbox has in memory, as the kernel says. */
async function serverMemory(): Promise<number> {
    const pids = await cgroupPids(sandbox.cgroup);
    const sizes = pids.map(async (pid) => {
        const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
        if (!/^Name:\s+spire-server$/m.test(text)) return 0;
        return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
    });
    return Math.max(...(await Promise.all(sizes)));
}
