/** Packets that wait for an authentication which does not come, as Hubble has seen them; nothing where Hubble does not run. */
import { isReady, messageOf, type V1Pod } from "@cilium-spire/entries-provider";
import { CILIUM } from "../../components/names";
import { isOfPods } from "../identities";
import { LeftOut } from "../leftOut";
import type { Patient } from "../patient";
import { type Check, found, type Trouble } from "./check";

const DROPPED: Trouble = {
    id: "auth-dropped",
    symptom:
        "Pods cannot reach others, and `hubble observe` shows `Authentication required DROPPED` again and again.",
    why: "Cilium drops what such a pair sends until a handshake for it succeeds, and none does.",
    cure: "the findings of other checks are the likely causes; `kubectl -n NAMESPACE logs POD -c cilium-agent --since=5m` has the agent's own reason, `Failed to authenticate`",
};
const RESERVED: Trouble = {
    id: "auth-dropped-reserved",
    symptom:
        "Nodes, the API server or hosts outside cannot reach pods, and `hubble observe` shows `Authentication required DROPPED`.",
    why: "Only identities of pods have SVIDs: Cilium authenticates no others, and drops their packets for ever.",
    cure: "allow them by a rule of its own without `authentication`, in the policies that select the destination: `kubectl get ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies -A`",
    // Perhaps nobody meant them to.
    note: true,
};

/** Nodes that are looked at: of more, these many. */
const MOST_NODES = 50;
/** Pairs that are told of. */
const MOST_PAIRS = 20;
const EXEC_MS = 5000;
/** How far one looks back. */
const SINCE = "2m";
/** Of a node. */
const MOST_DROPS = "1000";
/** Of a pair, to find one among that is no reply. */
const MOST_PASSED = "20";
/** A new identity has its SVID on all nodes, and its handshake behind it, before that. */
const PATIENCE_MS = 15_000;

/** A flow as `hubble observe -o jsonpb` prints it, one in a line; a field with its default is absent. */
interface Flow {
    time: string;
    /** Its name in 1.15 to 1.20, api/v1/flow/flow.proto. */
    drop_reason_desc?: string;
    is_reply?: boolean;
    source?: Endpoint;
    destination?: Endpoint;
}

interface Endpoint {
    identity?: number;
    namespace?: string;
    pod_name?: string;
    labels?: string[];
}

/** Two identities between which packets were dropped. */
interface Pair {
    source: Endpoint;
    destination: Endpoint;
    count: number;
    /** Milliseconds since 1970, by the node's clock. */
    first: number;
    last: number;
    /** Of the nodes that dropped them. */
    agents: V1Pod[];
}

const flows: Check = {
    id: "flows",
    name: "dropped packets",
    troubles: [DROPPED, RESERVED],
    extra: true,
    run: async (patient) => {
        const { mutualAuth } = patient.site;
        const config = await patient.ciliumConfig();
        if (!mutualAuth || config?.["enable-hubble"] !== "true") {
            return { seen: "Hubble is off", findings: [] };
        }
        const ciliums = await patient.ciliumPods();
        const looked = ciliums.filter(isReady).slice(0, MOST_NODES);
        if (looked.length === 0) throw new LeftOut("no pod of Cilium's agents is Ready");
        const silent: string[] = [];
        const perNode = await Promise.all(
            looked.map((agent) =>
                blockedOn(patient, agent).catch((error: unknown) => {
                    silent.push(messageOf(error));
                    return [];
                }),
            ),
        );
        if (silent.length === looked.length) throw new LeftOut(silent[0]);
        const on = `${looked.length - silent.length} of ${ciliums.length} nodes`;
        return {
            seen: `none waits for authentication, by Hubble on ${on}`,
            findings: together(perNode.flat()).slice(0, MOST_PAIRS).map(finding),
        };
    },
};

/** Pairs whose packets a node has dropped for a while, and has let none pass since. */
async function blockedOn(patient: Patient, agent: V1Pod): Promise<Pair[]> {
    const drops = await observed(patient, agent, ["--type", "drop", "--last", MOST_DROPS]);
    const single = drops
        .filter(({ drop_reason_desc }) => drop_reason_desc === "AUTH_REQUIRED")
        .map(({ time, source = {}, destination = {} }): Pair => {
            const at = Date.parse(time);
            return { source, destination, count: 1, first: at, last: at, agents: [agent] };
        });
    const lasting = together(single)
        .filter(({ first, last }) => last - first >= PATIENCE_MS)
        .slice(0, MOST_PAIRS);
    const passed = await Promise.all(lasting.map((pair) => passedSince(patient, agent, pair)));
    return lasting.filter((_, i) => !passed[i]);
}

/** One of each pair of identities. */
function together(pairs: Pair[]): Pair[] {
    const all = new Map<string, Pair>();
    for (const pair of pairs) {
        const key = `${pair.source.identity} ${pair.destination.identity}`;
        const { count, first, last, agents } = all.get(key) ?? { ...pair, count: 0, agents: [] };
        all.set(key, {
            ...pair,
            count: count + pair.count,
            first: Math.min(first, pair.first),
            last: Math.max(last, pair.last),
            agents: [...new Set([...agents, ...pair.agents])],
        });
    }
    return [...all.values()];
}

async function passedSince(patient: Patient, agent: V1Pod, pair: Pair): Promise<boolean> {
    const { source, destination, last } = pair;
    const between = [
        ...["--from-identity", String(source.identity ?? 0)],
        ...["--to-identity", String(destination.identity ?? 0)],
    ];
    const verdicts = ["--verdict", "FORWARDED", "--type", "policy-verdict"];
    // Of a connection that was there before there are no new verdicts.
    const arrivals = ["--type", "trace:to-endpoint"];
    const options = [...verdicts, ...arrivals, ...between, "--last", MOST_PASSED];
    const flows = await observed(patient, agent, options);
    return flows.some(({ time, is_reply }) => is_reply !== true && Date.parse(time) > last);
}

/** What Hubble of an agent has kept; its CLI is in the agent's image (images/cilium/Dockerfile of 1.15 to 1.20). */
async function observed(patient: Patient, agent: V1Pod, filters: string[]): Promise<Flow[]> {
    const { name, namespace } = agent.metadata as { name: string; namespace: string };
    const { code, stdout, stderr } = await patient.cluster.exec(
        { namespace, pod: name, container: CILIUM.agentContainer },
        ["hubble", "observe", ...filters, "--since", SINCE, "-o", "jsonpb"],
        { timeoutMs: EXEC_MS },
    );
    if (code !== 0) {
        throw new Error(`hubble in pod ${namespace}/${name} ended with ${code}: ${stderr.trim()}`);
    }
    return stdout.split("\n").flatMap((line) => {
        const { flow } = line.startsWith("{") ? (JSON.parse(line) as { flow?: Flow }) : {};
        return flow ? [flow] : [];
    });
}

function finding({ source, destination, count, first, last, agents }: Pair) {
    const seconds = ((last - first) / 1000).toFixed(0);
    const nodes = agents.map(({ spec }) => spec!.nodeName!).join(", ");
    const what = `packets of ${nameOf(source)} to ${nameOf(destination)} are dropped, Authentication required: ${count} within ${seconds} s on ${nodes}, and none passed since`;
    const ends = [source, destination].map(({ identity = 0 }) => identity);
    const trouble = ends.every(isOfPods) ? DROPPED : RESERVED;
    const [agent] = agents;
    const { name: POD = "", namespace: NAMESPACE = "" } = agent!.metadata!;
    const { pod_name, namespace } = destination;
    const where = pod_name
        ? `Pod ${namespace ?? ""}/${pod_name}`
        : `identity ${destination.identity ?? 0}`;
    return found(trouble, where, what, { NAMESPACE, POD });
}

function nameOf({ identity = 0, namespace, pod_name, labels = [] }: Endpoint): string {
    const name = pod_name ? `${namespace ?? ""}/${pod_name}` : labels.join(",");
    return `${name} (identity ${identity})`;
}

export const flowChecks = [flows];
