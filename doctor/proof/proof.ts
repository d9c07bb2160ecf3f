/**
 * Proves that pods talk because Cilium authenticated them, and that those who must not talk do not.
 *
 * Ready pods, `cilium status` and even complete identity entries prove nothing (docs/architecture.md); packets under a
 * required policy do, together with Cilium's own record of the pair.
 */
import { type Cluster, poll, SpireServer } from "@cilium-spire/entries-provider";
import { ciliumIdentities, identityOf } from "../identities";
import type { Authority } from "../discovery";
import type { Evidence } from "./evidence";
import { seenByHubble } from "./hubble";
import { type Actors, recordedPairs } from "./pairs";
import { ciliumLog, inCilium, runningPod, type ScenePod, scenePod } from "./pods";
import type { Scene } from "./scene";

/** The proof on one cluster. */
export class Proof {
    constructor(
        private readonly cluster: Cluster,
        private readonly authority: Authority,
        private readonly scene: Scene,
    ) {}

    /**
     * Runs the whole proof: every pair is made to authenticate anew.
     *
     * @param withinMs deadline for the first authenticated connection of each client.
     * @throws Error that says what was expected and what was seen instead.
     */
    async prove(withinMs: number): Promise<Evidence[]> {
        await this.waitUntilConnected(withinMs);
        const actors = await this.actors();
        const [last] = await ciliumLog(this.cluster, actors.server.node, { tailLines: 1 });
        await this.forgetAuthentications();
        const seconds = await this.waitUntilConnected(withinMs);
        return [
            reached(
                actors,
                `${seconds.toFixed(1)} s after Cilium had forgotten all authenticated pairs`,
            ),
            await this.strangerIsBlocked(),
            await recordedPairs(this.cluster, actors, this.reconnect),
            await this.pairsAreLogged(actors, last?.time ?? 0),
            await this.allIdentitiesAreRegistered(),
        ];
    }

    /**
     * The proof with pods that have just been made: Cilium knows none of their pairs, so nothing of others has to be
     * forgotten, and it needs no log at debug level.
     *
     * @param withinMs deadline for the first authenticated connection of each client.
     * @throws Error that says what was expected and what was seen instead.
     */
    async proveAnew(withinMs: number): Promise<Evidence[]> {
        const seconds = await this.waitUntilConnected(withinMs);
        const actors = await this.actors();
        const evidence = [
            reached(actors, `${seconds.toFixed(1)} s after they were Ready`),
            await this.strangerIsBlocked(),
            await recordedPairs(this.cluster, actors, this.reconnect),
            ...(await seenByHubble(this.cluster, actors, this.reconnect)),
        ];
        if (this.authority.spireServer) evidence.push(await this.identitiesAreRegistered(actors));
        return evidence;
    }

    private readonly reconnect = ({ app }: ScenePod): Promise<boolean> => this.connects(app);

    private async actors(): Promise<Actors> {
        const { namespace, server, clients } = this.scene;
        const find = (app: string) => scenePod(this.cluster, namespace, app);
        return {
            server: await find(server),
            clients: await Promise.all(Object.values(clients).map(find)),
        };
    }

    /** Tries one TCP connection from a pod of the scene to the server's Service; by address, because it is not about DNS. */
    async connects(app: string, timeoutSeconds = 2): Promise<boolean> {
        const { namespace, server, port } = this.scene;
        const { name } = await runningPod(this.cluster, namespace, app);
        const service = await this.cluster.ask(
            this.cluster.core.readNamespacedService({ name: server, namespace }),
        );
        const target = `${service.spec!.clusterIP!}:${port}`;
        const result = await this.cluster.exec(
            { namespace, pod: name, container: app },
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
        await poll(withinMs, `authenticated connection to ${this.scene.server}`, async () => {
            const results = await Promise.all(
                Object.values(this.scene.clients).map(async (app) => ({
                    app,
                    ok: await this.connects(app),
                })),
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
        const { namespace, server } = this.scene;
        const { node } = await runningPod(this.cluster, namespace, server);
        await inCilium(this.cluster, node, ["cilium-dbg", "bpf", "auth", "flush"]);
    }

    private async strangerIsBlocked(): Promise<Evidence> {
        const { stranger, server } = this.scene;
        if (await this.connects(stranger)) {
            throw new Error(`${stranger} reached ${server}, although no policy lets it`);
        }
        return {
            what: "A pod that the policy does not name is blocked",
            seen: `${stranger} timed out`,
        };
    }

    /** The only log line that tells of a completed handshake; Cilium writes it at debug level. */
    private async pairsAreLogged({ server, clients }: Actors, since: number): Promise<Evidence> {
        const log = await ciliumLog(this.cluster, server.node);
        const handshakes = log.filter(
            ({ time, text }) => time > since && text.includes("Successfully authenticated"),
        );
        for (const client of clients) {
            const key = `localIdentity=${server.identity}, remoteIdentity=${client.identity},`;
            if (!handshakes.some(({ text }) => text.includes(key))) {
                throw new Error(
                    `the log of Cilium's agent on ${server.node} has no new "Successfully authenticated" for ${key} Is debug.enabled set in cilium.values?`,
                );
            }
        }
        return {
            what: "Cilium's agent has just logged both handshakes",
            seen: `"Successfully authenticated" on ${server.node}`,
        };
    }

    /** The identities of server and clients have their registration entries. */
    private async identitiesAreRegistered({ server, clients }: Actors): Promise<Evidence> {
        const entries = await this.identityEntries();
        const identities = [server, ...clients].map(({ identity }) => identity);
        const missing = identities.filter((id) => !entries.includes(id));
        if (missing.length > 0) {
            throw new Error(
                `SPIRE has no registration entry for the identities ${missing.join(", ")}`,
            );
        }
        return { what: "Their identities are registered in SPIRE", seen: identities.join(", ") };
    }

    /** Every security identity of Cilium has its registration entry. */
    private async allIdentitiesAreRegistered(): Promise<Evidence> {
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
                return {
                    done: {
                        what: "Every CiliumIdentity has its registration entry in SPIRE, and no entry is left over",
                        seen: `${entries.length} of ${identities.length}`,
                    },
                };
            },
        );
    }

    /** Numbers of the identities that cilium-operator has registered. */
    private async identityEntries(): Promise<number[]> {
        const server = await SpireServer.find(this.cluster, this.authority.spireServer!, 30_000);
        const { trustDomain } = this.authority;
        return ((await server?.entries()) ?? [])
            .filter((e) => e.selectors.includes("cilium:mutual-auth"))
            .flatMap(({ spiffeId }) => identityOf(spiffeId, trustDomain) ?? []);
    }
}

function reached({ server, clients }: Actors, when: string): Evidence {
    const places = clients.map(({ node }) =>
        node === server.node ? `${node} (the server's node)` : node,
    );
    return {
        what: "Clients reach the server, whose policy requires authentication",
        seen: `from ${places.join(" and ")}, ${when}`,
    };
}
