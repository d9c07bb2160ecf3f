/** The registration entries: those of the stack, and whether every agent gets what Cilium asks it for. */
import {
    agentSpiffeId,
    type AttestedAgent,
    delegateSpiffeId,
    type Entry,
    owns,
    planAgentEntries,
    stepsTo,
} from "@cilium-spire/entries-provider";
import { CILIUM } from "../../components/names";
import { identityOf } from "../identities";
import type { Patient } from "../patient";
import { type Check, found, type Trouble } from "./check";

const MISSING: Trouble = {
    id: "entry-missing",
    symptom:
        "New pods are blocked, and agents log `no identity issued`, after somebody deleted entries or a node joined.",
    why: "What SPIRE gave out before goes on until it expires; nothing new is given out.",
    cure: "run `pulumi up`",
};
const CHANGED: Trouble = {
    id: "entry-changed",
    symptom: "`pulumi preview` says that an entry was edited outside Pulumi.",
    why: "The entry may give rights to somebody else, or none to whom it is for.",
    cure: "run `pulumi up`",
};
const LEFT_OVER: Trouble = {
    id: "entry-left-over",
    symptom: "`spire-server entry show` has entries with the stack's prefix that no node needs.",
    why: "It gives identities below a node that may be gone, or that somebody else wrote under our name.",
    cure: "run `pulumi up`",
};
const UNREACHED: Trouble = {
    id: "delegate-unreached",
    symptom:
        "Cilium's agents log `no identity issued` or `no SPIFFE ID for ...` on one node or on all; `SPIREDelegateRefused` fires.",
    why: "SPIRE gives an agent only what descends from its own ID: its node's pods cannot authenticate once known SVIDs expire.",
    cure: "run `pulumi up`; without a stack: register what the finding names, with the agent's ID or an alias of all agents as parent",
};

const planned: Check = {
    id: "entries",
    name: "registration entries",
    troubles: [MISSING, CHANGED, LEFT_OVER],
    needsStack: true,
    run: async (patient) => {
        const { entries } = patient.stack!;
        const { present } = await patient.rollCall();
        const live = await patient.liveEntries();
        const steps = stepsTo(planAgentEntries(entries, present), live, entries.idPrefix);
        const findings = [
            ...steps.create.map(({ id }) => found(MISSING, `entry ${id}`, `${id} is missing`)),
            ...steps.update.map(({ id }) => found(CHANGED, `entry ${id}`, `${id} was changed`)),
            ...steps.delete.map((id) => found(LEFT_OVER, `entry ${id}`, `${id} is left over`)),
        ];
        const ours = live.filter((entry) => owns(entries.idPrefix, entry)).length;
        return { seen: `${ours} as planned`, findings };
    },
};

const delegates: Check = {
    id: "delegates",
    name: "what each agent gets",
    troubles: [UNREACHED],
    run: async (patient) => {
        const { trustDomain, mutualAuth } = patient.site;
        if (!mutualAuth) return { seen: "not needed", findings: [] };
        const [live, agents, { present }, clusterName] = await Promise.all([
            patient.liveEntries(),
            patient.agents(),
            patient.rollCall(),
            patient.clusterName(),
        ]);
        const known = new Map(agents.map((agent) => [agent.spiffeId, agent]));
        const tree = new Tree(live, trustDomain);
        const findings = present.flatMap((node) => {
            const agent = known.get(agentSpiffeId(trustDomain, clusterName, node.uid));
            if (!agent) return [];
            const lacks = lacking(patient, tree.below(agent));
            if (lacks.length === 0) return [];
            const what = `its agent gets no ${lacks.join(", and no ")}`;
            return [found(UNREACHED, `Node ${node.name}`, what)];
        });
        const identities = live.flatMap(({ spiffeId }) => identityOf(spiffeId, trustDomain) ?? []);
        return {
            seen: `${identities.length} identities and the delegate's, on ${present.length} nodes`,
            findings,
        };
    },
};

/** What Cilium needs and is not among these entries. */
function lacking(patient: Patient, entries: Entry[]): string[] {
    const { namespace, trustDomain } = patient.site;
    const agent = [
        `k8s:ns:${namespace}`,
        `k8s:sa:${CILIUM.agentServiceAccount}`,
        `k8s:container-name:${CILIUM.agentContainer}`,
    ];
    const delegate = entries.some(
        ({ selectors }) => selectors.length > 0 && selectors.every((s) => agent.includes(s)),
    );
    const parent = workloadParent(trustDomain);
    const link = entries.some(({ spiffeId }) => spiffeId === parent);
    return [
        ...(delegate
            ? []
            : [`entry for Cilium's agent (such as ${delegateSpiffeId(trustDomain)})`]),
        ...(link ? [] : [`entry ${parent}, the parent of all identities`]),
    ];
}

/** Fixed by Cilium (operator/auth/spire/client.go, defaultParentID). */
function workloadParent(trustDomain: string): string {
    return `spiffe://${trustDomain}/cilium-operator`;
}

/** Entries by their parents, as SPIRE walks them (pkg/server/authorizedentries/cache.go). */
class Tree {
    private readonly children: Map<string, Entry[]>;
    private readonly aliases: Entry[];

    constructor(entries: Entry[], trustDomain: string) {
        this.children = Map.groupBy(entries, ({ parentId }) => parentId);
        this.aliases = this.children.get(`spiffe://${trustDomain}/spire/server`) ?? [];
    }

    /** All that an agent may ask for, with the aliases that it has by its selectors. */
    below({ spiffeId, selectors = [] }: AttestedAgent): Entry[] {
        const mine = this.aliases.filter((alias) =>
            alias.selectors.every((selector) => selectors.includes(selector)),
        );
        const found = new Set(mine);
        const open = [spiffeId, ...mine.map((alias) => alias.spiffeId)];
        for (const id of open) {
            for (const child of this.children.get(id) ?? []) {
                if (found.has(child)) continue;
                found.add(child);
                open.push(child.spiffeId);
            }
        }
        return [...found];
    }
}

export const entryChecks = [planned, delegates];
