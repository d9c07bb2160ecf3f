/** What this program needs of a server that someone else configured: pure, of its configuration. */
import type { Settings } from "../../settings/schema";
import type { ExternalSpire } from "../../settings/spire";
import { type Conf, confAt, confKeys, confText } from "./spireConf";

/** SPIRE's default of `socket_path` (spire cmd/spire-server/cli/run, all releases). */
const SOCKET = "/tmp/spire-server/private/api.sock";

type Asked = Pick<Settings, "clusterName" | "registration"> & { spire: ExternalSpire };

/** What is wrong, as `key = value: problem; remedy`. */
export function* serverConfProblems(asked: Asked, conf: Conf): Generator<string> {
    const { clusterName, registration, spire } = asked;
    const { socketPath } = spire.server;
    const socket = confText(conf, "server", "socket_path") ?? SOCKET;
    if (socket !== socketPath) {
        yield `spire.server.socketPath = "${socketPath}": the server has it at ${socket}; set it to "${socket}"`;
    }
    const clusters = confAt(conf, "plugins", "NodeAttestor", "k8s_psat", "plugin_data", "clusters");
    const known = confKeys(clusters);
    const at = `clusterName = "${clusterName}"`;
    if (known.length > 0 && !known.includes(clusterName)) {
        yield `${at}: the server admits agents of ${known.join(", ")}; set it to that of this cluster`;
    }
    const cluster = confAt(clusters, clusterName);
    if (confAt(cluster, "use_pod_uid_for_agent_id") === true) {
        yield `${at}: the server names agents after their pods, and this program knows those alone that are named after their nodes; have use_pod_uid_for_agent_id removed from server.conf`;
    }
    if (registration.strategy !== "nodeAlias") return;
    const keys = Object.keys(registration.operatorNodeLabels);
    const found = confAt(cluster, "allowed_node_label_keys");
    const allowed = Array.isArray(found) ? (found as unknown[]) : [];
    const missing = keys.filter((key) => !allowed.includes(key));
    if (missing.length === 0) return;
    const list = missing.map((key) => JSON.stringify(key)).join(", ");
    yield `registration.operatorNodeLabels: with the strategy nodeAlias the server has to know these labels of nodes; have allowed_node_label_keys = [${list}] added to the cluster in server.conf; with helm-charts-hardened: spire-server.nodeAttestor.k8sPSAT.allowedNodeLabelKeys: [${list}]`;
}
