/** What handshakes between nodes need: the port, and a delegate that is connected. Seen from Cilium's own pods. */
import { isReady, type V1Pod } from "@cilium-spire/entries-provider";
import { CILIUM } from "../../components/names";
import { LeftOut } from "../leftOut";
import type { Patient } from "../patient";
import { setting } from "./agents";
import { type Check, type Finding, found, type Trouble } from "./check";

const PORT: Trouble = {
    id: "handshake-port",
    symptom:
        "Pods on one node reach each other, pods on two nodes do not; Cilium's agents log `i/o timeout` for port 4250.",
    why: "For a handshake Cilium's agent dials that of the other node at this port; without it nothing is authenticated across nodes.",
    cure: "open TCP port PORT between all nodes, at all their addresses, in security groups and host firewalls",
};
const UNCONNECTED: Trouble = {
    id: "delegate-unconnected",
    symptom: "All pods of one node are blocked after a while, `SPIREDelegateMissing` fires.",
    why: "Nobody is connected to the admin socket of the node's SPIRE agent, so Cilium gets no SVIDs there.",
    cure: "see why: `kubectl -n NAMESPACE logs POD -c cilium-agent | grep -i spire`; a directory that was mounted before it was made anew needs `kubectl -n NAMESPACE delete pod POD`",
};

/** Nodes that are looked at: of more, these many. */
export const MOST_NODES = 50;
const EXEC_MS = 20_000;

/**
 * Arguments: address and port of the next node, and of this node's SPIRE agent for its metrics. Cilium's image has bash,
 * and no other program that connects. What is an argument is never part of the script.
 */
const SCRIPT = `
if timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null; then echo dialled; fi
[ -n "$3" ] || exit 0
timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"; printf "GET /metrics HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3' "$3" "$4" 2>/dev/null
exit 0
`;

/** Serves what the agent counts; its name since 1.9 (spire pkg/common/telemetry/agent/adminapi). */
const CONNECTIONS = /^spire_agent_delegated_identity_api_connections(?:\{[^}]*\})? (\S+)/m;
const IS_METRICS = /^spire_agent_/m;

const handshake: Check = {
    id: "handshake",
    name: "handshakes between nodes",
    troubles: [PORT, UNCONNECTED],
    extra: true,
    run: async (patient) => {
        const { namespace, mutualAuth } = patient.site;
        if (!mutualAuth) return { seen: "not needed", findings: [] };
        const [config = {}, ciliums, agents, conf] = await Promise.all([
            patient.ciliumConfig(),
            patient.ciliumPods(),
            patient.site.agents ? patient.agentPods() : [],
            patient.site.agents && patient.agentConf(),
        ]);
        const port = config["mesh-auth-mutual-listener-port"] ?? "4250";
        const metricsPort = conf && metricsPortOf(conf);
        // One that is not Ready is somebody else's finding, and dials nobody.
        const ready = ciliums.filter((pod) => isReady(pod) && pod.status?.hostIP);
        const looked = ready.slice(0, MOST_NODES);
        if (looked.length === 0) throw new LeftOut("no pod of Cilium's agents is Ready");
        const findings: Finding[] = [];
        let connected = 0;
        const look = async (pod: V1Pod, i: number) => {
            // In a ring: each is dialled once.
            const next = looked[(i + 1) % looked.length]!;
            const node = pod.spec!.nodeName!;
            const agent = agents.find((a) => a.spec?.nodeName === node && isReady(a));
            const scrape = metricsPort === undefined ? undefined : agent?.status?.podIP;
            const target = next.status!.hostIP!;
            const args = [target, port, scrape ?? "", metricsPort ?? ""];
            const output = await inAgent(patient, pod, SCRIPT, args);
            if (!output.startsWith("dialled\n")) {
                const what = `${node} cannot connect to ${next.spec!.nodeName!} at ${target}:${port}`;
                findings.push(found(PORT, `Node ${next.spec!.nodeName!}`, what, { PORT: port }));
            }
            if (!IS_METRICS.test(output)) return;
            if (Number(CONNECTIONS.exec(output)?.[1] ?? 0) > 0) connected++;
            else {
                const POD = pod.metadata!.name!;
                const what = `nobody is connected to the admin socket of ${agent!.metadata!.name!}`;
                const words = { NAMESPACE: namespace, POD };
                findings.push(found(UNCONNECTED, `Pod ${namespace}/${POD}`, what, words));
            }
        };
        await Promise.all(looked.map(look));
        const of = ready.length > looked.length ? `${looked.length} of ${ready.length}` : "all";
        const seen = `port ${port} open on ${of} nodes, delegates seen connected on ${connected}`;
        return { seen, findings };
    },
};

/** The agent's Prometheus, as its configuration has it: `telemetry { Prometheus { port = 9988 } }` in JSON or HCL. */
function metricsPortOf(conf: string): string | undefined {
    const [, section] = /Prometheus"?\s*[:=]?\s*\{([^}]*)\}/.exec(conf) ?? [];
    if (section === undefined) return undefined;
    return /"?port"?\s*[:=]\s*"?(\d+)/.exec(section)?.[1] ?? setting(section, "port");
}

/**
 * Runs a script for bash in a pod of Cilium's agents.
 *
 * @returns what it writes to stdout.
 * @throws LeftOut when it fails.
 */
export async function inAgent(
    patient: Patient,
    pod: V1Pod,
    script: string,
    args: string[],
): Promise<string> {
    const { name, namespace } = pod.metadata!;
    const { code, stdout, stderr } = await patient.cluster.exec(
        { namespace: namespace!, pod: name!, container: CILIUM.agentContainer },
        ["bash", "-c", script, "doctor", ...args],
        { timeoutMs: EXEC_MS },
    );
    if (code === 0) return stdout;
    throw new LeftOut(`bash in pod ${namespace}/${name} ended with ${code}: ${stderr.trim()}`);
}

export const handshakeChecks = [handshake];
