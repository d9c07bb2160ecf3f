/** A backup's content, brought to a server: looking, and doing what is missing. */
import { carryOut, type SpireServer } from "@cilium-spire/entries-provider";
import type { Backup } from "./document";
import type { Grounds } from "./entryPlan";
import { federatedBundles, relationships, setBundle, writeRelationship } from "./federation";
import { type OnConflict, planRestore, type RestorePlan, stepCount } from "./plan";
import { serverOf, type Source } from "./take";

/** Where to, by the settings of a stack. */
export interface Target extends Source {
    clusterName: string;
    /** First parts of the IDs of entries that the stack writes. */
    idPrefixes: string[];
}

/** A backup, and the server that it is compared with. */
export class Restoration {
    private constructor(
        private readonly backup: Backup,
        private readonly target: Target,
        private readonly onConflict: OnConflict,
        private readonly server: SpireServer,
        /** What there is to do, as of the moment when the server was looked at. */
        readonly plan: RestorePlan,
    ) {}

    /**
     * Looks at the server and the nodes; changes nothing.
     *
     * @throws Error when the backup is of another trust domain, or the server or the nodes cannot be read.
     */
    static async of(backup: Backup, target: Target, onConflict: OnConflict): Promise<Restoration> {
        if (backup.trustDomain !== target.trustDomain) {
            throw new Error(
                `the backup is of the trust domain ${backup.trustDomain}, and the stack's is ${target.trustDomain}: its entries mean nothing here`,
            );
        }
        const { server, plan } = await look(backup, target, onConflict);
        return new Restoration(backup, target, onConflict, server, plan);
    }

    /**
     * Does what the plan says, and looks again.
     *
     * @throws Error with what SPIRE refused, or what is still missing afterwards. What was written stays; it is found there
     * the next time.
     */
    async carryOut(say: (what: string) => void): Promise<void> {
        const { bundles, relationships, entries, ban } = this.plan;
        // Entries need the bundles that they federate with.
        for (const [name, bundle] of bundles) {
            say(`setting the bundle of ${name}`);
            await setBundle(this.server, name, bundle);
        }
        for (const verb of ["create", "update"] as const) {
            for (const relationship of relationships[verb]) {
                say(`writing the federation with ${relationship.trustDomain}`);
                await writeRelationship(this.server, verb, relationship);
            }
        }
        const { create, update } = entries;
        const count = create.length + update.length;
        if (count > 0) say(`writing ${count} registration entries`);
        await carryOut(this.server, { create, update, delete: [] });
        for (const agent of ban) {
            say(`banning ${agent}`);
            await this.server.ban(agent);
        }
        say("looking again");
        const { plan: left } = await look(this.backup, this.target, this.onConflict);
        if (stepCount(left) === 0) return;
        throw new Error(
            `after writing, ${stepCount(left)} parts of the backup are still missing or different: does something else write entries at this server?`,
        );
    }
}

async function look(backup: Backup, target: Target, onConflict: OnConflict) {
    const { server, bundle } = await serverOf(target);
    const agents = await server.agents();
    const present = {
        bundle,
        agents,
        entries: await server.entries(),
        federation: await relationships(server),
        federatedBundles: await federatedBundles(server),
    };
    const nodes = await target.cluster.nodeHeaders();
    if (nodes.length === 0) throw new Error("the cluster's list of nodes is empty; try again");
    const grounds: Grounds = {
        trustDomain: target.trustDomain,
        clusterName: target.clusterName,
        nodeUids: new Set(nodes.map(({ uid }) => uid)),
        agentIds: new Set(agents.map(({ spiffeId }) => spiffeId)),
        idPrefixes: target.idPrefixes,
        now: Date.now() / 1000,
    };
    return { server, plan: planRestore(backup, present, grounds, onConflict) };
}
