/** What Cilium needs of agents that someone else configured: pure, of their configuration and their pods' template. */
import type { Settings } from "../../settings/schema";
import type { ExternalSpire } from "../../settings/spire";
import { AGENT_NAME } from "../../components/names";
import { type Mounting, onHost } from "../checks/agents";
import { type Conf, confAt, confKeys, confText } from "./spireConf";

/** SPIRE's default of `socket_path` (spire cmd/spire-agent/cli/common, all releases). */
const WORKLOAD_SOCKET = "/tmp/spire-agent/public/api.sock";

type Problems = Generator<string>;
type Asked = Pick<Settings, "trustDomain" | "clusterName"> & { spire: ExternalSpire };

/** What is wrong, as `key = value: problem; remedy`, with the line that the owner of SPIRE has to add where one is missing. */
export function* agentConfProblems(asked: Asked, conf: Conf, pod: Mounting): Problems {
    const { trustDomain, spire } = asked;
    const served = confText(conf, "agent", "trust_domain");
    if (served !== undefined && served !== trustDomain) {
        yield `trustDomain = "${trustDomain}": the agents are of "${served}"; set it to that`;
    }
    yield* adminSocketProblems(spire, conf, pod);
    yield* workloadSocketProblems(spire, conf, pod);
    yield* delegateProblems(asked, served ?? trustDomain, conf);
    yield* attestorProblems(asked, conf);
}

function* adminSocketProblems({ sockets }: ExternalSpire, conf: Conf, pod: Mounting): Problems {
    const at = `spire.sockets.admin = "${sockets.admin}"`;
    const path = confText(conf, "agent", "admin_socket_path");
    if (path === undefined) {
        yield `${at}: the agents have no admin socket; have admin_socket_path = "${sockets.admin}" added to the group agent of agent.conf, with that directory mounted from the host; with helm-charts-hardened: spire-agent.sockets.admin: { enabled: true, mountOnHost: true }`;
        return;
    }
    const host = onHost(pod, AGENT_NAME, path);
    if (host === undefined) {
        yield `${at}: the agents have it at ${path} of their pods, where nothing is mounted from the host; have that directory mounted from a hostPath; with helm-charts-hardened: spire-agent.sockets.admin.mountOnHost: true`;
    } else if (host !== sockets.admin) {
        yield `${at}: the agents have it at ${host} of their nodes; set it to "${host}"`;
    }
}

function* workloadSocketProblems({ sockets }: ExternalSpire, conf: Conf, pod: Mounting): Problems {
    const at = `spire.sockets.workload = "${sockets.workload}"`;
    const path = confText(conf, "agent", "socket_path") ?? WORKLOAD_SOCKET;
    const host = onHost(pod, AGENT_NAME, path);
    if (host === undefined) {
        yield `${at}: the agents have it at ${path} of their pods, where nothing is mounted from the host; have that directory mounted from a hostPath`;
    } else if (host !== sockets.workload) {
        yield `${at}: the agents have it at ${host} of their nodes; set it to "${host}"`;
    }
}

function* delegateProblems({ spire }: Asked, trustDomain: string, conf: Conf): Problems {
    const { delegate } = spire.agent;
    const found = confAt(conf, "agent", "authorized_delegates");
    const known = Array.isArray(found) ? (found as unknown[]).map(String) : [];
    const id = `spiffe://${trustDomain}${delegate}`;
    if (known.includes(id)) return;
    const has = known.length > 0 ? `only ${known.join(", ")}` : "nobody";
    const other =
        known.length > 0
            ? ", or name here that of them which is Cilium's, from its first / on"
            : "";
    yield `spire.agent.delegate = "${delegate}": the agents let ${has} ask for others' identities; have authorized_delegates = ["${id}"] added to the group agent of agent.conf; with helm-charts-hardened: spire-agent.authorizedDelegates: ["${delegate}"]${other}`;
}

function* attestorProblems({ clusterName }: Asked, conf: Conf): Problems {
    const attestors = confKeys(confAt(conf, "plugins", "NodeAttestor"));
    const at = `clusterName = "${clusterName}"`;
    if (!attestors.includes("k8s_psat")) {
        yield `${at}: the agents attest by ${attestors.join(", ") || "no plugin"}, and this program knows the IDs of those alone that attest by k8s_psat; with helm-charts-hardened: spire-agent.nodeAttestor.k8sPSAT.enabled: true`;
    }
    const data = ["plugins", "NodeAttestor", "k8s_psat", "plugin_data"];
    const cluster = confText(conf, ...data, "cluster");
    if (cluster !== undefined && cluster !== clusterName) {
        yield `${at}: the agents attest as of "${cluster}"; set it to that`;
    }
    const k8s = confAt(conf, "plugins", "WorkloadAttestor", "k8s");
    if (k8s === undefined) {
        yield `spire.agent: the agents do not tell pods apart; have WorkloadAttestor "k8s" added to the plugins of agent.conf; with helm-charts-hardened: spire-agent.workloadAttestors.k8s.enabled: true`;
    } else if (confAt(k8s, "plugin_data", "disable_container_selectors") === true) {
        yield `spire.agent: the agents do not tell containers apart, of which Cilium's pods have others than cilium-agent; have disable_container_selectors removed from agent.conf; with helm-charts-hardened: spire-agent.workloadAttestors.k8s.disableContainerSelectors: false`;
    }
}
