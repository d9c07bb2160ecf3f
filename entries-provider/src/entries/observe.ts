/** What a preview sees of a set of entries: live nodes, agents and entries, as far as they can be read. */
import { Cluster } from "../kube/cluster";
import { messageOf } from "../kube/messageOf";
import { agentNodes, type SeenNodes, wantedNodes } from "../spire/agentNodes";
import { isBanned, leftOut, type RollCall, rollCall, staleAgents } from "../spire/agents";
import { SpireServer } from "../spire/spireServer";
import { type EntrySet, hasEntriesIn, type Plan, planPresent, warnOfLeftOut } from "./entrySet";
import { type EntrySetArgs, type Inputs, type Observed, present } from "./inputs";
import { drift, foreignEntriesProblem } from "./reconcile";

/**
 * Reads what the inputs show. What cannot be read is taken as it was last: a preview must not fail on what it does not
 * need, and what a list does not show must not look as if it were gone.
 *
 * @returns also what is in the way of the plan on the server, if anything is.
 */
export async function observe<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    olds: Partial<Inputs<Args>>,
    news: Args,
): Promise<{ observed: Observed; foreign?: string | undefined }> {
    const { entries, agents, excluded } = olds;
    const written = Object.values(entries ?? {});
    let cluster: Cluster;
    let seen: SeenNodes;
    try {
        cluster = new Cluster(news);
        seen = await agentNodes(cluster, news.agentDaemonSet);
        // Where there are entries there were nodes, and there is a server that runs on one.
        if (seen.nodes.length === 0 && written.length > 0) throw new Error("the list is empty");
    } catch (error) {
        unseen("nodes and entries (shown as they were last written)", error);
        return { observed: present({ entries, agents, excluded }) };
    }
    // As long as nothing is known of the agents.
    const wanted = () => wantedNodes(seen, hasEntriesIn(news.idPrefix, written));
    try {
        const server = await SpireServer.find(cluster, news.server, 0);
        // Before the first `up` there is no server to ask, and all nodes are planned for.
        if (!server) return { observed: set.plan(news, wanted()) };
        const [attested, live] = await Promise.all([server.agents(), server.entries()]);
        const hasEntries = hasEntriesIn(news.idPrefix, written, live);
        const roll = await rollCall(cluster, seen, { ...news, hasEntries }, attested);
        const observed = planSeen(set, news, roll);
        const changed = entries ? drift(entries, observed.entries, live, news.idPrefix) : {};
        if (set.evictsStaleAgents && !news.foreignServer) {
            for (const id of staleAgents(news, seen.nodes, attested)) {
                changed[id] = "its node is gone: will be evicted";
            }
        }
        if (Object.keys(changed).length) observed.drift = changed;
        return { observed, foreign: foreignEntriesProblem(observed.entries, live, news.idPrefix) };
    } catch (error) {
        unseen("entries on the SPIRE server", error);
        const allowed = wanted().filter((node) => !Object.hasOwn(excluded ?? {}, node.name));
        return { observed: { ...set.plan(news, allowed), ...present({ excluded }) } };
    }
}

/** The plan that an `up` in this moment would come to, with a warning for the nodes that it would leave out. */
function planSeen<Args extends EntrySetArgs>(
    set: EntrySet<Args>,
    args: Args,
    roll: RollCall,
): Plan {
    const missing = leftOut(roll);
    if (missing === undefined) return planPresent(set, args, roll);
    if (roll.present.length > 0) {
        warnOfLeftOut(missing);
        return planPresent(set, args, roll);
    }
    // The agents may be what this `up` is about to start; if not, it says so at its deadline.
    console.warn(`not one node has an agent, so all are planned for: ${missing}`);
    const banned = roll.excluded.filter(isBanned);
    const allowed = roll.wanted.filter(({ uid }) => !banned.some(({ node }) => node.uid === uid));
    return planPresent(set, args, { present: allowed, excluded: banned });
}

/** The engine shows what a provider writes; a preview that could not look must say so. */
function unseen(what: string, error: unknown): void {
    console.warn(`cannot see the ${what}: ${messageOf(error)}`);
}
