/**
 * Proves that the demo's pods talk because Cilium authenticated them, and that those who must not talk do not.
 *
 * Ready pods, `cilium status` and even complete identity entries prove nothing (docs/architecture.md); packets under a
 * required policy do, together with Cilium's own record of the pair.
 */
import { Cluster, poll, type SpireServerRef, SpireServer } from "@cilium-spire/entries-provider";
import { ciliumIdentities } from "../../doctor/checks";
import { CLIENTS, NAMESPACE, PORT, SERVER, STRANGER } from "./names";

/** One thing that was seen, for people. */
export interface Evidence {
    what: string;
    seen: string;
}

const CILIUM = { namespace: "kube-system", label: "k8s-app=cilium", container: "cilium-agent" };
/** `authType` of SPIRE in Cilium's auth map (cilium pkg/policy, AuthTypeSpire). */
const AUTH_TYPE_SPIRE = 1;

interface AuthMapEntry {
    LocalIdentity: number;
    RemoteIdentity: number;
    /** 0 for the node itself. */
    RemoteNodeID: number;
    AuthType: number;
    Expiration: string;
}

/** A pod of the demo, with the security identity that Cilium gave it. */
interface DemoPod {
    name: string;
    node: string;
    identity: number;
}

export class Demo {
    constructor(
        private readonly cluster: Cluster,
        private readonly stack: { trustDomain: string; spireServer: SpireServerRef },
    ) {}

    /**
     * Runs the whole proof: every pair is made to authenticate anew.
     *
     * @param withinMs deadline for the first authenticated connection of each client.
     * @throws Error that says what was expected and what was seen instead.
     */
    async prove(withinMs: number): Promise<Evidence[]> {
        await this.waitUntilConnected(withinMs);
        await this.forgetAuthentications();
        const seconds = await this.waitUntilConnected(withinMs);
        const [server, sameNode, otherNode] = await Promise.all(
            [SERVER, CLIENTS.sameNode, CLIENTS.otherNode].map((app) => this.pod(app)),
        );
        return [
            {
                what: "authenticated clients connect",
                seen: `${sameNode!.node} -> ${server!.node} and ${otherNode!.node} -> ${server!.node}, after ${seconds.toFixed(1)} s`,
            },
            await this.strangerIsBlocked(),
            await this.pairsAreRecorded(server!, [sameNode!, otherNode!]),
            await this.pairsAreLogged(server!, [sameNode!, otherNode!]),
            await this.identitiesAreRegistered(),
        ];
    }

    /** Tries one TCP connection from a pod of the demo to the server's Service; by address, because it is not about DNS. */
    async connects(app: string, timeoutSeconds = 2): Promise<boolean> {
        const { name } = await this.runningPod(app);
        const service = await this.cluster.ask(
            this.cluster.core.readNamespacedService({ name: SERVER, namespace: NAMESPACE }),
        );
        const target = `${service.spec!.clusterIP!}:${PORT}`;
        const result = await this.cluster.exec(
            { namespace: NAMESPACE, pod: name, container: app },
            ["/agnhost", "connect", target, `--timeout=${timeoutSeconds}s`],
            { timeoutMs: timeoutSeconds * 1000 + 15_000 },
        );
        return result.code === 0;
    }

    /**
     * Waits until both clients connect.
     *
     * @returns seconds until the later one did.
     */
    async waitUntilConnected(withinMs: number): Promise<number> {
        const start = Date.now();
        await poll(withinMs, `authenticated connection to ${SERVER}`, async () => {
            const results = await Promise.all(
                Object.values(CLIENTS).map(async (app) => ({ app, ok: await this.connects(app) })),
            );
            const blocked = results.filter(({ ok }) => !ok).map(({ app }) => app);
            return blocked.length
                ? { waitingFor: `${blocked.join(" and ")} cannot connect` }
                : { done: true };
        });
        return (Date.now() - start) / 1000;
    }

    /**
     * Empties Cilium's map of authenticated pairs where the server runs: it outlives restarts, and the pairs in it may
     * have been authenticated long ago. What connects after this has just proven who it is.
     */
    async forgetAuthentications(): Promise<void> {
        const { node } = await this.runningPod(SERVER);
        await this.inCilium(node, ["cilium-dbg", "bpf", "auth", "flush"]);
    }

    private async strangerIsBlocked(): Promise<Evidence> {
        if (await this.connects(STRANGER)) {
            throw new Error(`${STRANGER} reached ${SERVER}, although no policy lets it`);
        }
        return { what: "a pod outside the policy is blocked", seen: `${STRANGER} timed out` };
    }

    /** Cilium's map of authenticated pairs, on the node of the destination. */
    private async pairsAreRecorded(server: DemoPod, clients: DemoPod[]): Promise<Evidence> {
        const map = await this.authMap(server.node);
        const found = clients.map((client) => {
            const entry = map.find(
                (e) =>
                    e.LocalIdentity === server.identity &&
                    e.RemoteIdentity === client.identity &&
                    (e.RemoteNodeID === 0) === (client.node === server.node) &&
                    e.AuthType === AUTH_TYPE_SPIRE &&
                    Date.parse(e.Expiration) > Date.now(),
            );
            if (!entry) {
                throw new Error(
                    `no valid authentication of ${client.name} (identity ${client.identity}) by ${server.name} (${server.identity}) in the auth map of ${server.node}: ${JSON.stringify(map)}`,
                );
            }
            return `${client.identity} -> ${server.identity}`;
        });
        return { what: "cilium-dbg bpf auth list shows the pairs", seen: found.join(", ") };
    }

    /** The only log line that tells of a completed handshake; Cilium writes it at debug level. */
    private async pairsAreLogged(server: DemoPod, clients: DemoPod[]): Promise<Evidence> {
        const pod = await this.ciliumPod(server.node);
        const log = await this.cluster.ask(
            this.cluster.core.readNamespacedPodLog({ ...pod, sinceSeconds: 3600 }),
        );
        const lines = log.split("\n").filter((line) => line.includes("Successfully authenticated"));
        for (const client of clients) {
            const key = `localIdentity=${server.identity}, remoteIdentity=${client.identity},`;
            if (!lines.some((line) => line.includes(key))) {
                throw new Error(
                    `the log of ${pod.name} has no "Successfully authenticated" for ${key} Is debug.enabled set in cilium.values?`,
                );
            }
        }
        return { what: '"Successfully authenticated" is logged', seen: pod.name };
    }

    /** Every security identity of Cilium has its registration entry. */
    async identitiesAreRegistered(): Promise<Evidence> {
        return await poll<Evidence>(
            30_000,
            "registration entry for every CiliumIdentity",
            async () => {
                const [identities, entries] = await Promise.all([
                    ciliumIdentities(this.cluster),
                    this.identityEntries(),
                ]);
                const missing = identities.filter((id) => !entries.includes(id));
                const left = entries.filter((id) => !identities.includes(id));
                if (missing.length)
                    return { waitingFor: `identities ${missing.join(", ")} have none` };
                if (left.length)
                    return { waitingFor: `entries ${left.join(", ")} have no identity` };
                const seen = `${entries.length} = ${identities.length}`;
                return {
                    done: { what: "entries with cilium:mutual-auth = CiliumIdentities", seen },
                };
            },
        );
    }

    /** Numbers of the identities that cilium-operator has registered. */
    async identityEntries(): Promise<number[]> {
        const server = await SpireServer.find(this.cluster, this.stack.spireServer, 30_000);
        const prefix = `spiffe://${this.stack.trustDomain}/identity/`;
        return ((await server?.entries()) ?? [])
            .filter((e) => e.selectors.includes("cilium:mutual-auth"))
            .map((e) => Number(e.spiffeId.slice(prefix.length)));
    }

    /** Cilium's map of authenticated pairs on one node. */
    async authMap(node: string): Promise<AuthMapEntry[]> {
        const { stdout } = await this.inCilium(node, [
            "cilium-dbg",
            "bpf",
            "auth",
            "list",
            "-o",
            "json",
        ]);
        return (JSON.parse(stdout) as AuthMapEntry[] | null) ?? [];
    }

    /** Runs a command in the cilium-agent container of a node. */
    async inCilium(node: string, command: string[]): Promise<{ stdout: string }> {
        const { name, namespace } = await this.ciliumPod(node);
        const { container } = CILIUM;
        const result = await this.cluster.exec({ namespace, pod: name, container }, command, {
            timeoutMs: 30_000,
        });
        if (result.code !== 0) {
            throw new Error(
                `${command.join(" ")} on ${node} ended with ${result.code}: ${result.stderr}`,
            );
        }
        return result;
    }

    /** A pod of the demo with its node and identity. */
    async pod(app: string): Promise<DemoPod> {
        const { name, node } = await this.runningPod(app);
        const endpoint = (await this.cluster.ask(
            this.cluster.custom.getNamespacedCustomObject({
                group: "cilium.io",
                version: "v2",
                plural: "ciliumendpoints",
                namespace: NAMESPACE,
                name,
            }),
        )) as { status?: { identity?: { id: number } } };
        return { name, node, identity: endpoint.status?.identity?.id ?? 0 };
    }

    private async runningPod(app: string): Promise<{ name: string; node: string }> {
        const pods = await this.cluster.ask(
            this.cluster.core.listNamespacedPod({
                namespace: NAMESPACE,
                labelSelector: `app=${app}`,
            }),
        );
        const pod = pods.items.find(
            (p) => p.status?.phase === "Running" && !p.metadata?.deletionTimestamp,
        );
        if (!pod) throw new Error(`no running pod of ${app} in namespace ${NAMESPACE}`);
        return { name: pod.metadata!.name!, node: pod.spec!.nodeName! };
    }

    private async ciliumPod(node: string): Promise<{ name: string; namespace: string }> {
        const { namespace, label } = CILIUM;
        const pods = await this.cluster.ask(
            this.cluster.core.listNamespacedPod({
                namespace,
                labelSelector: label,
                fieldSelector: `spec.nodeName=${node}`,
            }),
        );
        const pod = pods.items.find((p) => !p.metadata?.deletionTimestamp);
        if (!pod) throw new Error(`no Cilium agent on node ${node}`);
        return { name: pod.metadata!.name!, namespace };
    }
}
