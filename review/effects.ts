/** What a preview means for the pods of the cluster, as far as it can be told from what changes. */
import { AGENT_NAME, CILIUM, SERVER_NAME } from "../components/names";
import type { EntrySetChange } from "./entries";
import type { ResourceChange } from "./resources";
import type { Tree } from "./preview";
import { isTree } from "./values";

/** A part whose pods matter to all others. */
interface Part {
    kind: string;
    name: string;
    /** What people call it. */
    title: string;
    restart(workload: Tree): string;
    /** What its end means. */
    gone: string;
}

const PARTS: Part[] = [
    {
        ...{ kind: "DaemonSet", name: CILIUM.agentDaemonSet, title: "Cilium" },
        restart: (workload) =>
            `Cilium's agents restart, ${atATime(workload)}: some new connections of pods there are lost meanwhile, with authentication or without`,
        gone: "Cilium goes, and with it the network of every pod",
    },
    {
        ...{ kind: "Deployment", name: CILIUM.operatorDeployment, title: "cilium-operator" },
        restart: () =>
            "cilium-operator restarts: pods with labels that are new wait longer for their identity",
        gone: "cilium-operator goes: pods with labels that are new get no identity",
    },
    {
        ...{ kind: "StatefulSet", name: SERVER_NAME, title: "SPIRE server" },
        restart: ({ replicas }) =>
            typeof replicas === "number" && replicas > 1
                ? `the SPIRE servers restart, one of ${replicas} after another: authenticated pairs pass, new identities are given`
                : "the SPIRE server restarts: authenticated pairs pass, but nobody gets a first identity meanwhile",
        gone: "the SPIRE server goes: identities end with their certificates, and new pods get none",
    },
    {
        ...{ kind: "DaemonSet", name: AGENT_NAME, title: "SPIRE agent" },
        restart: (workload) =>
            `SPIRE's agents restart, ${atATime(workload)}: authenticated pairs pass, new pods there wait for their identity`,
        gone: "SPIRE's agents go: no pod of their nodes gets or renews an identity",
    },
];

/** Sentences, the gravest first. */
export function effects(
    changes: readonly ResourceChange[],
    sets: readonly EntrySetChange[],
): string[] {
    const parts = PARTS.flatMap((part) => changes.flatMap((change) => ofPart(part, change)));
    const grave = parts.filter(({ grave }) => grave);
    const others = parts.filter(({ grave }) => !grave);
    return [
        ...trustDomain(sets),
        ...[...grave, ...others].map(({ text }) => text),
        ...namespaces(changes),
        ...sets.filter(({ kind }) => kind === "AgentEntries").flatMap(ofNodes),
    ];
}

interface Effect {
    text: string;
    grave: boolean;
}

function ofPart(part: Part, { op, kind, name, inputs, differences }: ResourceChange): Effect[] {
    if (kind !== part.kind || name.split("/").at(-1) !== part.name) return [];
    const [before, after] = [specOf(inputs.old), specOf(inputs.new)];
    const [old, now] = [versionOf(before), versionOf(after)];
    const isNew = op === "create" && "selector" in after;
    if (isNew) return [{ text: `${part.title}${now ? ` ${now}` : ""} is installed`, grave: false }];
    if (op === "delete") return [{ text: part.gone, grave: true }];
    if (op === "replace") return [{ text: `${part.gone}, until it is there anew`, grave: true }];
    const moved = old !== now && old && now ? [`${part.title} ${old} to ${now}`] : [];
    // A patch of somebody else's object, when it is new, is all difference.
    const restarts = op === "create" ? "template" in after : differences.some(isOfTemplate);
    const texts = [...moved, ...(restarts ? [part.restart(after)] : [])];
    return texts.map((text) => ({ text, grave: false }));
}

function isOfTemplate({ path }: { path: string }): boolean {
    return path === "spec.template" || path.startsWith("spec.template.");
}

function specOf(inputs: Tree = {}): Tree {
    return isTree(inputs.spec) ? inputs.spec : {};
}

/** The tag of the image of the first container: that is the part itself. */
function versionOf({ template }: Tree): string | undefined {
    const { containers } = isTree(template) && isTree(template.spec) ? template.spec : {};
    const [first] = Array.isArray(containers) ? (containers as unknown[]) : [];
    const image = isTree(first) ? first.image : undefined;
    return typeof image === "string" ? /:v?([\w.-]+)(?:@|$)/.exec(image)?.[1] : undefined;
}

function atATime({ updateStrategy }: Tree): string {
    const { rollingUpdate } = isTree(updateStrategy) ? updateStrategy : {};
    const { maxUnavailable = 1 } = isTree(rollingUpdate) ? rollingUpdate : {};
    if (typeof maxUnavailable === "string") return `${maxUnavailable} of the nodes at a time`;
    return maxUnavailable === 1
        ? "one node at a time"
        : `${String(maxUnavailable)} nodes at a time`;
}

function trustDomain(sets: readonly EntrySetChange[]): string[] {
    const found = sets.flatMap(({ settings }) =>
        settings.filter(({ path }) => path === "trustDomain"),
    );
    return found
        .slice(0, 1)
        .map(
            ({ before, after }) =>
                `the trust domain ${before ?? "?"} becomes ${after ?? "?"}: every identity is replaced, and pods whose policies require authentication are blocked meanwhile`,
        );
}

function namespaces(changes: readonly ResourceChange[]): string[] {
    return changes
        .filter(({ op, kind }) => kind === "Namespace" && (op === "delete" || op === "replace"))
        .map(({ name }) => `the namespace ${name} goes with all that is in it`);
}

function ofNodes({ op, joined, left, recreated, excluded }: EntrySetChange): string[] {
    if (op === "delete") return ["all entries go: no pod gets or renews an identity"];
    const waiting = op === "update" ? joined.length + recreated.length : 0;
    const out = excluded.flatMap(({ nodes }) => nodes).length;
    return [
        ...(waiting > 0
            ? [
                  `${newNodes(waiting)}: until the up, policies that require authentication block ${its(waiting)} pods`,
              ]
            : []),
        ...(left.length > 0
            ? [
                  `${count(left.length)} gone: SPIRE forgets ${its(left.length)} ${left.length === 1 ? "agent" : "agents"}`,
              ]
            : []),
        ...(out > 0
            ? [`${count(out)} left out: after the up too, such policies block ${its(out)} pods`]
            : []),
    ];
}

function newNodes(nodes: number): string {
    return nodes === 1 ? "1 new node" : `${nodes} new nodes`;
}

function count(nodes: number): string {
    return nodes === 1 ? "1 node" : `${nodes} nodes`;
}

function its(nodes: number): string {
    return nodes === 1 ? "its" : "their";
}
