/** Faults of nodes, of the network between them, and of SPIRE's own pods. */
import { kubectl as kubectlOf } from "../../../sandbox/controlPlane/kubectl";
import { nodeNamed } from "../../../sandbox/host/instance";
import { recreateNode } from "../../../sandbox/nodes/nodes";
import { kubectl, sandbox, spireServer, uidOf, type World } from "../../support/world";
import { type Fault, LOGS } from "./fault";

const WORKER = "precinct-99-worker";
const ABSENT = "precinct-99-absent";

export function clusterFaults(): Fault[] {
    const inCilium = async (command: string) => {
        const pod = await kubectl(
            `-n kube-system get pod -l k8s-app=cilium --field-selector spec.nodeName=${WORKER} -o name`,
        );
        return await kubectl(`-n kube-system exec ${pod.trim()} -c cilium-agent -- ${command}`);
    };
    const drop = "INPUT -p tcp --dport 4250 -j DROP";
    return [
        {
            name: "a firewall closes the port of handshakes",
            make: () => inCilium(`iptables -I ${drop}`),
            ...{
                check: "handshake",
                trouble: "handshake-port",
                where: new RegExp(`^Node ${WORKER}$`),
            },
            says: new RegExp(` cannot connect to ${WORKER} at \\S+:4250$`),
            ...{
                implied: ["log-handshake-unreachable"],
                heal: () => inCilium(`iptables -D ${drop}`),
            },
        },
        {
            name: "the cluster joined a mesh",
            make: async () => {
                const labels = { app: "mesh" };
                const containers = [{ name: "mesh", image: "none" }];
                const template = { metadata: { labels }, spec: { containers } };
                const spec = { replicas: 0, selector: { matchLabels: labels }, template };
                const metadata = { name: "clustermesh-apiserver", namespace: "kube-system" };
                const mesh = { apiVersion: "apps/v1", kind: "Deployment", metadata, spec };
                const input = JSON.stringify(mesh);
                return await kubectlOf(sandbox, ["create", "-f", "-"], { input });
            },
            ...{ check: "api-server", trouble: "cluster-unfit", where: /^https:/ },
            says: /in a Cluster Mesh/,
            heal: () => kubectl("-n kube-system delete deployment clustermesh-apiserver"),
        },
        {
            name: "a node has never started",
            make: async () => {
                const node = { apiVersion: "v1", kind: "Node", metadata: { name: ABSENT } };
                const input = JSON.stringify(node);
                return await kubectlOf(sandbox, ["create", "-f", "-"], { input });
            },
            ...{ check: "nodes", trouble: "node-excluded", where: new RegExp(`^Node ${ABSENT}$`) },
            ...{ says: /node is not Ready/, implied: ["agent-not-ready"] },
            run: /^kubectl delete/,
        },
        {
            name: "a Node object was recreated",
            make: () => recreateNode(sandbox, nodeNamed(sandbox, WORKER)),
            ...{ check: "spire-agents", trouble: "agent-former-node" },
            where: new RegExp(`^Node ${WORKER}$`),
            says: /attested under another ID; was the Node object recreated\? Delete the pod$/,
            implied: ["agent-stale", "entry-missing", "entry-left-over", ...LOGS.delegate],
        },
    ];
}

export function spireFaults(world: () => World): Fault[] {
    const restarting = ["server-down", "server-replica-down", "agent-not-ready", ...LOGS.server];
    return [
        {
            name: "an agent is banned",
            make: async () => {
                const server = await spireServer(world());
                const uid = await uidOf(WORKER);
                const agents = await server.agents();
                const agent = agents.find(({ spiffeId }) => spiffeId.endsWith(`/${uid}`))!;
                await server.ban(agent.spiffeId);
            },
            ...{ check: "nodes", trouble: "agent-banned", where: new RegExp(`^Node ${WORKER}$`) },
            ...{ says: /its agent is banned$/ },
            implied: [
                "agent-not-ready",
                "entry-left-over",
                "delegate-unconnected",
                ...LOGS.delegate,
            ],
        },
        {
            name: "the published bundle is another's",
            make: async () => {
                const map =
                    "-n spire-system get configmap kube-root-ca.crt -o jsonpath={.data.ca\\.crt}";
                const data = { "bundle.crt": await kubectl(map) };
                const patch = JSON.stringify({ data });
                const words = "-n spire-system patch configmap spire-bundle --type=merge -p";
                return await kubectlOf(sandbox, [...words.split(" "), patch]);
            },
            ...{ check: "ca", trouble: "bundle-outdated", says: /^has none of the \d+ CAs/ },
            where: /^ConfigMap spire-system\/spire-bundle$/,
            // The `up` is for when it stays so.
            ...{ run: /rollout restart/, implied: restarting },
        },
        {
            name: "the SPIRE server is scaled to 0",
            make: () => kubectl("-n spire-system scale statefulset/spire-server --replicas=0"),
            ...{ check: "spire-server", trouble: "server-scaled-down", says: /0 replicas$/ },
            where: /^StatefulSet spire-system\/spire-server$/,
            implied: restarting,
        },
        {
            name: "the SPIRE server's image cannot be had",
            make: () =>
                kubectl(
                    "-n spire-system set image statefulset/spire-server spire-server=none.invalid/x:1",
                ),
            ...{ check: "spire-server", trouble: "server-down", where: /^StatefulSet / },
            ...{
                says: /pod spire-server-0 is waiting: .*(ErrImage|ImagePull)/,
                implied: restarting,
            },
            run: / (rollout undo|delete pod) /,
        },
    ];
}
