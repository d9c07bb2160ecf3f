/** SPIRE's agents: on every node, attested, and with their sockets where Cilium looks for them. */
import { posix } from "node:path";
import { isReady, messageOf, podState, waitForAgents } from "@cilium-spire/entries-provider";
import { AGENT_NAME, CILIUM } from "../../components/names";
import { LeftOut } from "../leftOut";
import type { Patient } from "../patient";
import { type Check, type Finding, found, type Trouble } from "./check";

const ABSENT: Trouble = {
    id: "agents-absent",
    symptom:
        "Cilium logs `SPIRE admin socket does not exist` on some nodes, or the agents' pods never become Ready.",
    why: "Where no agent has attested, no pod has an identity: it is blocked where authentication is required.",
    cure: "see why: `kubectl -n NAMESPACE get pods -o wide` and the log of the agent that is named; then run the doctor again",
};
const FORMER_NODE: Trouble = {
    id: "agent-former-node",
    symptom:
        "Pods on one node are blocked since its Node object was deleted and made anew; its SPIRE agent is Ready.",
    why: "The agent has the identity of the Node object that is gone; entries are for the one that is there.",
    cure: "let it attest anew: `kubectl -n NAMESPACE delete pod POD`; then `pulumi up`",
};
const NOT_READY: Trouble = {
    id: "agent-not-ready",
    symptom: "The pod of a SPIRE agent is not Ready, while others are.",
    why: "Identities on its node are not renewed meanwhile.",
    cure: "`kubectl -n NAMESPACE logs POD`, and `kubectl -n NAMESPACE describe pod POD`",
    note: true,
};
const UNCOVERED: Trouble = {
    id: "node-without-agent",
    symptom:
        "Pods on a tainted node (a control plane, GPUs) are blocked; no SPIRE agent runs there.",
    why: "Cilium runs on the node and finds no admin socket, so nothing on it can authenticate.",
    cure: "let the agents' DaemonSet tolerate what Cilium tolerates: `spire.agent.tolerations` and `spire.agent.nodeSelector`",
    note: true,
};
const SOCKET_ADMIN: Trouble = {
    id: "socket-admin",
    symptom:
        "Cilium's agents log `SPIRE admin socket (...) does not exist` although SPIRE's agents are Ready.",
    why: "Cilium's agents would look for the admin socket where SPIRE's agents do not put it.",
    cure: "make both paths one, `spire.sockets.admin`, and run `pulumi up --refresh`; then `kubectl -n NAMESPACE rollout restart daemonset/cilium`",
};
const SOCKET_WORKLOAD: Trouble = {
    id: "socket-workload",
    symptom:
        "cilium-operator logs `failed to create X509 source: context deadline exceeded`; no identity is registered.",
    why: "The operator gets no identity of its own, and can register none.",
    cure: "make both paths one, `spire.sockets.workload`, and run `pulumi up --refresh`; then `kubectl -n NAMESPACE rollout restart deployment/cilium-operator`",
};

const agents: Check = {
    id: "spire-agents",
    name: "SPIRE agents",
    troubles: [ABSENT, FORMER_NODE, NOT_READY],
    run: async (patient) => {
        const { cluster } = patient;
        const ref = patient.agentsRef();
        const where = `DaemonSet ${ref.namespace}/${ref.daemonSet}`;
        const server = { agents: () => patient.agents() };
        const NAMESPACE = ref.namespace;
        const roster = await patient.roster();
        let count: number;
        try {
            count = (await waitForAgents(cluster, server, roster, 0)).present.length;
        } catch (error) {
            if (error instanceof LeftOut) throw error;
            const what = messageOf(error).replace(/^no .*?: /, "");
            const former = await formerNodes(patient);
            if (former.some((finding) => what.includes(finding.what))) {
                return { seen: "", findings: former };
            }
            return { seen: "", findings: [found(ABSENT, where, what, { NAMESPACE })] };
        }
        const [pods, nodes] = await Promise.all([patient.agentPods(), cluster.nodeHeaders()]);
        // Of a node that is gone, a pod is left for some minutes.
        const isThere = new Set(nodes.map(({ name }) => name));
        const findings = pods
            .filter((pod) => !isReady(pod) && isThere.has(pod.spec?.nodeName ?? ""))
            .map((pod) => {
                const POD = pod.metadata!.name!;
                const what = `on ${pod.spec?.nodeName ?? "no node"}: ${podState(pod)}`;
                return found(NOT_READY, `Pod ${NAMESPACE}/${POD}`, what, { NAMESPACE, POD });
            });
        return { seen: `on ${count} nodes`, findings };
    },
};

/** Agents that run and have attested as other nodes; none when there are others that are late. */
async function formerNodes(patient: Patient): Promise<Finding[]> {
    const [{ late }, pods] = await Promise.all([patient.rollCall(), patient.agentPods()]);
    const findings = late.flatMap(({ node, why }) => {
        const pod = pods.find((each) => each.spec?.nodeName === node.name && isReady(each));
        if (!pod) return [];
        const words = { NAMESPACE: pod.metadata!.namespace!, POD: pod.metadata!.name! };
        return [found(FORMER_NODE, `Node ${node.name}`, why, words)];
    });
    return findings.length === late.length ? findings : [];
}

const coverage: Check = {
    id: "coverage",
    name: "nodes without SPIRE",
    troubles: [UNCOVERED],
    extra: true,
    run: async (patient) => {
        const { namespace, daemonSet } = patient.agentsRef();
        const [pods, ciliums, nodes] = await Promise.all([
            patient.agentPods(),
            patient.ciliumPods(),
            patient.cluster.nodeHeaders(),
        ]);
        const covered = new Set(pods.map((pod) => pod.spec?.nodeName));
        const withCilium = new Set(ciliums.map((pod) => pod.spec?.nodeName));
        const findings = nodes
            .map(({ name }) => name)
            .filter((node) => withCilium.has(node) && !covered.has(node))
            .map((node) => {
                const what = `runs Cilium, and DaemonSet ${namespace}/${daemonSet} has no pod for it`;
                return found(UNCOVERED, `Node ${node}`, what);
            });
        return { seen: `none of the ${withCilium.size} with Cilium`, findings };
    },
};

const sockets: Check = {
    id: "sockets",
    name: "sockets",
    troubles: [SOCKET_ADMIN, SOCKET_WORKLOAD],
    run: async (patient) => {
        const { namespace, mutualAuth } = patient.site;
        if (!mutualAuth) return { seen: "not needed", findings: [] };
        const [config = {}, conf, agentSet, ciliumSet, operator] = await Promise.all([
            patient.ciliumConfig(),
            patient.agentConf(),
            patient.agentSet(),
            patient.ciliumSet(),
            patient.operator(),
        ]);
        const agentPod = agentSet?.spec?.template.spec;
        if (!agentPod || conf === undefined) {
            throw new LeftOut("the agents' DaemonSet or its configuration is not there");
        }
        const servedAt = (key: string, usual: string) =>
            onHost(agentPod, AGENT_NAME, setting(conf, key) ?? usual);
        const looks = [
            {
                ...{ trouble: SOCKET_ADMIN, key: "mesh-auth-spire-admin-socket" },
                ...{ where: `DaemonSet ${namespace}/${CILIUM.agentDaemonSet}` },
                ...{ pod: ciliumSet?.spec?.template.spec, container: CILIUM.agentContainer },
                served: servedAt("admin_socket_path", ""),
            },
            {
                ...{ trouble: SOCKET_WORKLOAD, key: "mesh-auth-spire-agent-socket" },
                ...{ where: `Deployment ${namespace}/${CILIUM.operatorDeployment}` },
                ...{ pod: operator?.spec?.template.spec, container: CILIUM.operatorContainer },
                served: servedAt("socket_path", "/tmp/spire-agent/public/api.sock"),
            },
        ];
        const findings = looks.flatMap(({ trouble, key, where, pod, container, served }) => {
            const path = config[key] ?? "";
            const dialled = pod && onHost(pod, container, path);
            if (dialled !== undefined && dialled === served) return [];
            const place = dialled ?? `${path || "no path"}, which is not mounted from the host`;
            const what = `looks for the socket at ${place}; SPIRE's agents have it at ${served ?? "no path of the host"}`;
            return [found(trouble, where, what, { NAMESPACE: namespace })];
        });
        return { seen: "Cilium looks where SPIRE's agents have them", findings };
    },
};

/** A text in JSON or HCL: `"socket_path": "/run/x"`, `socket_path = "/run/x"`. */
export function setting(conf: string, key: string): string | undefined {
    return new RegExp(`(?<![\\w])"?${key}"?\\s*[:=]\\s*"([^"]+)"`).exec(conf)?.[1];
}

/** Of a pod's spec, what mounts are made of. */
export interface Mounting {
    containers: {
        name: string;
        volumeMounts?: { name: string; mountPath: string; subPath?: string }[];
    }[];
    volumes?: { name: string; hostPath?: { path: string } }[];
}

/** Where a path of a container is on the host; undefined when it is not mounted from there. */
export function onHost(pod: Mounting, container: string, path: string): string | undefined {
    const spec = pod.containers.find(({ name }) => name === container) ?? pod.containers[0];
    const [mount] = (spec?.volumeMounts ?? [])
        .filter(({ mountPath }) => `${path}/`.startsWith(`${mountPath.replace(/\/$/, "")}/`))
        .sort((a, b) => b.mountPath.length - a.mountPath.length);
    const source = pod.volumes?.find(({ name }) => name === mount?.name)?.hostPath?.path;
    if (!mount || source === undefined) return undefined;
    return posix.join(source, mount.subPath ?? "", posix.relative(mount.mountPath, path));
}

export const agentChecks = [agents, coverage, sockets];
