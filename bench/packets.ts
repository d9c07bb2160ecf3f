/** What authentication costs packets: those of known pairs, and the first of a pair. */
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
    return [
        figures("that Cilium knows", known),
        figures("that Cilium has to authenticate", unknown),
        figures("right after the SPIRE agent beside the server's Cilium was deleted", restarted),
    ];
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
