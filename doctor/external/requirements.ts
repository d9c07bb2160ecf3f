/** What must be true of a SPIRE that someone else runs, before this program writes entries to it and points Cilium at it. */
import {
    type Cluster,
    messageOf,
    type V1DaemonSet,
    type V1Service,
    type V1StatefulSet,
} from "@cilium-spire/entries-provider";
import { AGENT_NAME } from "../../components/names";
import { ownerOf, type StackId } from "../../components/owner";
import type { Settings } from "../../settings/schema";
import type { ExternalSpire } from "../../settings/spire";
import { imageVersion } from "../../versions/imageVersion";
import { skewProblem } from "../../versions/spireUpgrade";
import { objectKey } from "../ownership";
import { agentConfProblems } from "./agents";
import { managerProblem } from "./controllerManager";
import { elsewhere } from "./elsewhere";
import { serverConfProblems } from "./server";
import { type Conf, parseConf } from "./spireConf";

export type ExternalStack = Settings & { spire: ExternalSpire };

type Problems = AsyncGenerator<string>;
/** What a pod's template has. */
type PodSpec = NonNullable<V1DaemonSet["spec"]>["template"]["spec"];

/**
 * @param known objects of the stack's state; undefined where nothing is going to be written.
 * @throws Error that lists everything that is missing or otherwise than configured, by key, with what to set or what to ask
 * SPIRE's owner for.
 */
export async function requireExternalSpire(
    cluster: Cluster,
    stack: ExternalStack,
    id: StackId,
    known?: () => Promise<Set<string>>,
): Promise<void> {
    const { server, agent } = stack.spire;
    const [set, service, agents] = await Promise.all([
        cluster.find(
            cluster.apps.readNamespacedStatefulSet({
                name: server.statefulSet,
                namespace: server.namespace,
            }),
        ),
        cluster.find(
            cluster.core.readNamespacedService({
                name: server.service,
                namespace: server.namespace,
            }),
        ),
        cluster.find(
            cluster.apps.readNamespacedDaemonSet({
                name: agent.daemonSet,
                namespace: agent.namespace,
            }),
        ),
    ]);
    const own = objectKey("StatefulSet", server.statefulSet, server.namespace);
    if (set && (await known?.())?.has(own)) {
        throw new Error(
            `spire.mode = "external", but this stack installed the SPIRE in namespace ${server.namespace}, and would now delete it; set spire.mode to "install".`,
        );
    }
    const problems: string[] = [];
    for await (const problem of serverProblems(cluster, stack, id, set)) problems.push(problem);
    if (set) problems.push(...serviceProblems(server, set, service));
    for await (const problem of agentProblems(cluster, stack, set, agents)) problems.push(problem);
    if (problems.length === 0) return;
    const list = problems.map((problem) => `\n  ${problem}`).join("");
    throw new Error(
        `The SPIRE in the cluster is not as spire.mode = "external" has it; nothing was changed.${list}`,
    );
}

async function* serverProblems(
    cluster: Cluster,
    stack: ExternalStack,
    id: StackId,
    set: V1StatefulSet | undefined,
): Problems {
    const { spire } = stack;
    const { namespace, statefulSet, container } = spire.server;
    if (!set) {
        yield `spire.server.namespace = "${namespace}": has no StatefulSet "${statefulSet}"; ${await elsewhere(cluster, "server")}`;
        return;
    }
    const pod = set.spec?.template.spec;
    const found = pod?.containers.find(({ name }) => name === container);
    if (!found) {
        const names = pod?.containers.map(({ name }) => name).join(", ");
        yield `spire.server.container = "${container}": StatefulSet ${namespace}/${statefulSet} has ${names}; name the one with SPIRE's server`;
    }
    const running = runningVersion(set, container);
    if (running !== undefined && running !== spire.version) {
        yield `spire.version = "${spire.version}": the server runs ${running}; set it to "${running}"`;
    }
    for (const [where, text] of await files(cluster, namespace, pod)) {
        const problem = managerProblem(where, text, ownerOf(id));
        if (problem !== undefined) yield problem;
        // Where it is a Secret's, or a template, nothing is known of it.
        const conf = where.endsWith(" server.conf") ? readable(text) : undefined;
        if (conf) yield* serverConfProblems(stack, conf);
    }
}

function* serviceProblems(
    { namespace, service: name, port }: ExternalSpire["server"],
    set: V1StatefulSet,
    service: V1Service | undefined,
): Generator<string> {
    const at = `spire.server.service = "${name}"`;
    if (!service) {
        yield `${at}: namespace ${namespace} has no such Service; name one that leads to the pods of StatefulSet ${set.metadata!.name!}`;
        return;
    }
    const { clusterIP, ports = [], selector = {} } = service.spec!;
    if (!clusterIP || clusterIP === "None") {
        yield `${at}: has no ClusterIP, which Cilium's operator dials; name a Service of type ClusterIP`;
    }
    const labels = set.spec?.template.metadata?.labels ?? {};
    const pairs = Object.entries(selector);
    if (pairs.length === 0 || pairs.some(([key, value]) => labels[key] !== value)) {
        yield `${at}: leads to other pods than those of StatefulSet ${set.metadata!.name!}; name one that leads to them`;
    }
    if (!ports.some((one) => one.port === port)) {
        const there = ports.map((one) => `${one.port} (${one.name ?? "no name"})`).join(", ");
        yield `spire.server.port = ${port}: the Service has ${there}; set it to that of SPIRE's API`;
    }
}

async function* agentProblems(
    cluster: Cluster,
    { trustDomain, clusterName, spire }: ExternalStack,
    server: V1StatefulSet | undefined,
    set: V1DaemonSet | undefined,
): Problems {
    const { namespace, daemonSet, serviceAccount } = spire.agent;
    if (!set) {
        yield `spire.agent.namespace = "${namespace}": has no DaemonSet "${daemonSet}"; ${await elsewhere(cluster, "agent")}`;
        return;
    }
    const pod = set.spec!.template.spec!;
    const account = pod.serviceAccountName ?? "default";
    if (account !== serviceAccount) {
        yield `spire.agent.serviceAccount = "${serviceAccount}": the agents run as "${account}"; set it to that`;
    }
    const agent = pod.containers.find(({ name }) => name === AGENT_NAME) ?? pod.containers[0];
    const version = imageVersion(agent?.image ?? "");
    const served = (server && runningVersion(server, spire.server.container)) ?? spire.version;
    const skew = server && version !== undefined && skewProblem(served, version);
    if (skew) yield `spire.agent.daemonSet = "${daemonSet}": ${skew}; have them brought together`;
    if (!pod.hostPID) {
        yield `spire.agent.daemonSet = "${daemonSet}": its pods have no hostPID, so they attest no process of Cilium's; have hostPID: true added to their template`;
    }
    const all = await files(cluster, namespace, pod);
    const [, text] = all.find(([where]) => where.endsWith(" agent.conf")) ?? [];
    if (text === undefined) {
        yield `spire.agent.daemonSet = "${daemonSet}": mounts no ConfigMap with agent.conf, by which sockets, delegates and attestors are checked; have the configuration put there`;
        return;
    }
    try {
        const conf = parseConf(text);
        yield* agentConfProblems({ trustDomain, clusterName, spire }, conf, pod);
    } catch (error) {
        yield `spire.agent.daemonSet = "${daemonSet}": its agent.conf could not be read: ${messageOf(error)}`;
    }
}

function readable(text: string): Conf | undefined {
    try {
        return parseConf(text);
    } catch {
        return undefined;
    }
}

/** Undefined when the tag of its image is no version. */
function runningVersion({ spec }: V1StatefulSet, container: string): string | undefined {
    const found = spec?.template.spec?.containers.find(({ name }) => name === container);
    return imageVersion(found?.image ?? "");
}

/** What the ConfigMaps of a pod have, as `ConfigMap namespace/name key` and text. */
async function files(
    cluster: Cluster,
    namespace: string,
    pod: PodSpec,
): Promise<[where: string, text: string][]> {
    const names = (pod?.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
    const maps = await Promise.all(
        [...new Set(names)].map(async (name): Promise<[string, string][]> => {
            const map = await cluster.find(
                cluster.core.readNamespacedConfigMap({ name, namespace }),
            );
            return Object.entries(map?.data ?? {}).map(([key, text]) => [
                `ConfigMap ${namespace}/${name} ${key}`,
                text,
            ]);
        }),
    );
    return maps.flat();
}
