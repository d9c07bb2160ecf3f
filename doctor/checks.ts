/** The checks of the doctor. Each has a name, says what it found and, when that is wrong, the cure. */
import {
    type AgentEntriesArgs,
    agentNodes,
    type Cluster,
    type Entry,
    hasEntriesIn,
    type List,
    METADATA_ONLY,
    owns,
    planAgentEntries,
    type RollCall,
    rollCall,
    SpireServer,
    stepsTo,
    waitForAgents,
} from "@cilium-spire/entries-provider";
import { ciliumArgs } from "../components/cilium/args";
import { meshAuthConfig } from "../components/cilium/meshAuthConfig";
import { CILIUM } from "../components/names";
import type { Settings } from "../settings/schema";
import type { StackId } from "../components/owner";
import { requireCluster } from "./requirements";

/** What a check found. A cure makes it a problem, unless it is a note. */
export interface Finding {
    finding: string;
    cure?: string;
    /** Something that an `up` goes on without: it is told, and the stack is healthy all the same. */
    note?: true;
}

export interface Check {
    /** One word for command lines and programs. */
    id: string;
    /** For people. */
    name: string;
    run: (patient: Patient) => Promise<Finding>;
}

/** The stack under examination, once: what several checks look at is read once. */
export class Patient {
    private live?: Promise<Entry[]>;
    private roll?: Promise<RollCall>;

    constructor(
        readonly cluster: Cluster,
        readonly settings: Settings,
        readonly id: StackId,
        /** What the stack's entries resource was asked for. */
        readonly entries: AgentEntriesArgs,
    ) {}

    /** @throws Error when there is no server, or none of its pods is Ready. */
    async spireServer(): Promise<SpireServer> {
        const server = await SpireServer.find(this.cluster, this.entries.server, 0);
        if (server) return server;
        const { namespace, statefulSet } = this.entries.server;
        throw new Error(`StatefulSet ${namespace}/${statefulSet} does not exist; ${UP}`);
    }

    /** All entries on the server. */
    liveEntries(): Promise<Entry[]> {
        this.live ??= this.spireServer().then((server) => server.entries());
        return this.live;
    }

    /** Nodes by whether an `up` gives them entries. */
    rollCall(): Promise<RollCall> {
        this.roll ??= this.callRoll();
        return this.roll;
    }

    private async callRoll(): Promise<RollCall> {
        const server = await this.spireServer();
        const seen = await agentNodes(this.cluster, this.entries.agentDaemonSet);
        const hasEntries = hasEntriesIn(this.entries.idPrefix, await this.liveEntries());
        const roster = { ...this.entries, hasEntries };
        return await rollCall(this.cluster, seen, roster, await server.agents());
    }
}

const UP = 'run "pulumi up"';
/** For what Pulumi does not look at by itself. */
const REFRESH = 'run "pulumi up --refresh", then restart the pods of Cilium';

export const checks: Check[] = [
    {
        id: "api-server",
        name: "API server",
        run: async ({ cluster, settings, id }) => {
            await requireCluster(settings, id);
            return { finding: `${cluster.url} answers` };
        },
    },
    {
        id: "spire-server",
        name: "SPIRE server",
        run: async (patient) => {
            await patient.spireServer();
            return { finding: "has a Ready pod" };
        },
    },
    {
        id: "spire-agents",
        name: "SPIRE agents",
        run: async (patient) => {
            const { cluster, entries } = patient;
            const server = await patient.spireServer();
            const hasEntries = hasEntriesIn(entries.idPrefix, await patient.liveEntries());
            const awaited = { ...entries, hasEntries };
            const { present } = await waitForAgents(cluster, server, awaited, 0);
            return { finding: `on ${present.length} nodes` };
        },
    },
    {
        id: "nodes",
        name: "nodes without entries",
        run: async (patient) => {
            const { excluded } = await patient.rollCall();
            if (excluded.length === 0) return { finding: "none" };
            const list = excluded.map(({ node, why }) => `${node.name}: ${why}`).join("; ");
            return {
                finding: `pods on them are blocked where authentication is required: ${list}`,
                cure: `bring them back or remove them, evict a banned agent; then ${UP}`,
                note: true,
            };
        },
    },
    {
        id: "entries",
        name: "registration entries",
        run: async (patient) => {
            const { entries } = patient;
            const { present } = await patient.rollCall();
            const live = await patient.liveEntries();
            const steps = stepsTo(planAgentEntries(entries, present), live, entries.idPrefix);
            const wrong = [
                ...steps.create.map((entry) => `${entry.id} is missing`),
                ...steps.update.map((entry) => `${entry.id} was changed`),
                ...steps.delete.map((id) => `${id} is left over`),
            ];
            if (wrong.length) return { finding: wrong.join("; "), cure: UP };
            const ours = live.filter((entry) => owns(entries.idPrefix, entry)).length;
            return { finding: `${ours} as planned` };
        },
    },
    {
        id: "operator",
        name: "operator's identity",
        run: async (patient) => {
            const live = await patient.liveEntries();
            const rivals = live.filter(
                (e) => !owns(patient.entries.idPrefix, e) && matchesOperator(patient, e),
            );
            if (rivals.length === 0) return { finding: "only ours matches the operator's pods" };
            const list = rivals.map((e) => `${e.id} (${e.spiffeId})`).join(", ");
            return {
                // Cilium uses whichever SVID comes first (cilium operator/auth/spire/client.go).
                finding: `other entries match the operator's pods, so it may use an identity without rights: ${list}`,
                cure: "delete them, or narrow their selectors",
            };
        },
    },
    {
        id: "cilium",
        name: "Cilium's configuration",
        run: async ({ cluster, settings }) => {
            const { data = {} } = await cluster.ask(
                cluster.core.readNamespacedConfigMap({
                    name: CILIUM.configMap,
                    namespace: settings.cilium.namespace,
                }),
            );
            const wrong = Object.entries(meshAuthConfig(ciliumArgs(settings)))
                .filter(([key, value]) => data[key] !== value)
                .map(([key, value]) => `${key} is "${data[key] ?? ""}", not "${value}"`);
            if (wrong.length) return { finding: wrong.join("; "), cure: REFRESH };
            if (!settings.mutualAuth) return { finding: "has authentication off" };
            return { finding: "has mutual authentication with this SPIRE" };
        },
    },
    {
        id: "identities",
        name: "identities",
        run: async (patient) => {
            // The operator registers none while authentication is off.
            if (!patient.settings.mutualAuth) return { finding: "not needed" };
            const identities = await ciliumIdentities(patient.cluster);
            // Read anew, after the identities: one that is just being made would look forgotten.
            const live = await (await patient.spireServer()).entries();
            const registered = new Set(live.map((entry) => entry.spiffeId));
            const { trustDomain } = patient.settings;
            const missing = identities.filter(
                (id) => !registered.has(`spiffe://${trustDomain}/identity/${id}`),
            );
            if (missing.length === 0) return { finding: `${identities.length} registered` };
            return {
                finding: `cilium-operator has not registered ${missing.join(", ")}`,
                cure: `kubectl -n ${patient.settings.cilium.namespace} delete pod -l io.cilium/app=operator`,
            };
        },
    },
];

/** True for an entry that SPIRE would give to the operator's pods. */
function matchesOperator({ entries }: Patient, entry: Entry): boolean {
    const { namespace, operatorServiceAccount } = entries.cilium;
    const known = [`k8s:ns:${namespace}`, `k8s:sa:${operatorServiceAccount}`];
    return entry.selectors.every((selector) => known.includes(selector));
}

/** Names, which are numbers, of all security identities that Cilium has allocated. */
export async function ciliumIdentities(cluster: Cluster): Promise<number[]> {
    const group = { group: "cilium.io", version: "v2", plural: "ciliumidentities" };
    return await cluster.list(
        (page): Promise<List<{ metadata: { name: string } }>> =>
            cluster.custom.listClusterCustomObject({ ...group, ...page }, METADATA_ONLY),
        ({ metadata }) => Number(metadata.name),
    );
}
