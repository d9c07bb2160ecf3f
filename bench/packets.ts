/** What authentication costs packets: those of known pairs, and the first of a pair. */
import { poll } from "@cilium-spire/entries-provider";
import type { StackOutputs } from "../outputs";
import { kubectl as kubectlOf } from "../sandbox/controlPlane/kubectl";
import type { Instance } from "../sandbox/host/instance";
import {
    CONNECTIONS,
    type FirstFigures,
    median,
    medianLoad,
    type PacketFigures,
    type Policy,
} from "./figures";
import type { Pair } from "./pair";

const ROUNDS = 5;
const FIRST_SAMPLES = 20;
const RESTART_SAMPLES = 3;
/** Until a new SPIRE agent is there, and until its SVIDs are at Cilium's agent. */
const RENEWED_MS = 120_000;

const POLICIES: Policy[] = ["none", "labels", "authentication"];

/** Requests between two nodes, a round of each policy after the other, so that what else the machine does meets all of them. */
export async function measurePackets(
    target: Instance,
    outputs: StackOutputs,
    pair: Pair,
): Promise<{ packets: PacketFigures[]; first: FirstFigures[] }> {
    const first = await firstRequests(target, outputs, pair);
    return { packets: await knownPairs(pair), first };
}

async function knownPairs(pair: Pair): Promise<PacketFigures[]> {
    const seen: PacketFigures[] = [];
    for (let round = 0; round < ROUNDS; round++) {
        for (const policy of POLICIES) {
            await pair.enforce(policy);
            for (const connections of CONNECTIONS) {
                seen.push({ policy, connections, ...(await pair.load(connections)) });
            }
        }
    }
    return POLICIES.flatMap((policy) =>
        CONNECTIONS.map((connections) => {
            const same = seen.filter((s) => s.policy === policy && s.connections === connections);
            return { policy, connections, ...medianLoad(same) };
        }),
    );
}

async function firstRequests(
    target: Instance,
    { spireServer: { namespace } }: StackOutputs,
    pair: Pair,
): Promise<FirstFigures[]> {
    await pair.enforce("authentication");
    const known: number[] = [];
    const unknown: number[] = [];
    for (let i = 0; i < FIRST_SAMPLES; i++) {
        await pair.forget();
        unknown.push(await pair.request());
        known.push(await pair.request());
    }
    const restarted: number[] = [];
    const agent = `-l app=spire-agent --field-selector spec.nodeName=${pair.node}`;
    for (let i = 0; i < RESTART_SAMPLES; i++) {
        await kubectl(target, `-n ${namespace} delete pod ${agent} --wait=false`);
        await pair.forget();
        restarted.push(await pair.request());
    }
    const agents = (verb: string) =>
        kubectl(target, `-n ${namespace} rollout ${verb} daemonset/spire-agent`);
    await agents("status");
    await pair.request();
    // All of them: a pair expires with the older of its two SVIDs, which are on two nodes.
    const renew = () => agents("restart");
    return [
        figures("that Cilium knows", known),
        figures("that Cilium authenticates again meanwhile", await whileRenewed(pair, renew)),
        figures("that Cilium has to authenticate", unknown),
        figures("right after the SPIRE agent beside the server's Cilium was deleted", restarted),
    ];
}

/** Requests of a known pair, one after the other, until new SVIDs have made Cilium authenticate it again. */
async function whileRenewed(pair: Pair, renew: () => Promise<unknown>): Promise<number[]> {
    const before = await pair.expirations();
    if (before.length === 0) throw new Error("Cilium knows no pair");
    await renew();
    const took: number[] = [];
    await poll(
        RENEWED_MS,
        "new authentication of the pair",
        async () => {
            took.push(await pair.request());
            const now = await pair.expirations();
            const isNew = now.length > 0 && now.every((time) => !before.includes(time));
            return isNew ? { done: true } : { waitingFor: `${before.join()} in Cilium's map` };
        },
        { intervalMs: 100 },
    );
    took.push(await pair.request());
    return took;
}

function figures(when: string, values: number[]): FirstFigures {
    return {
        ...{ when, median: median(values) },
        ...{ worst: Math.max(...values), samples: values.length },
    };
}

async function kubectl(target: Instance, line: string): Promise<string> {
    return await kubectlOf(target, line.split(" "), { timeoutMs: 120_000 });
}
