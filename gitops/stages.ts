/** The order in which a stack is applied. */
import { CILIUM, SERVER_NAME } from "../components/names";
import type { Settings } from "../settings/schema";
import { annotated, type Manifest, type Stage } from "./manifest";
import { tidy } from "./tidy";

/**
 * Each stage with those before it. Cilium comes before SPIRE, whose pods need a network; agents that start before the server is
 * Ready back off for more than a minute; entries can be written once a server is there, and nobody has use for them before.
 */
const ORDER: Record<string, readonly string[]> = {
    crds: [],
    cilium: ["crds"],
    "spire-server": ["cilium"],
    "spire-agents": ["spire-server"],
    entries: ["spire-agents"],
    observability: ["crds", "spire-server"],
    // No pod of it is Ready before there is an entry for it.
    oidc: ["entries"],
};

/**
 * Objects by stage, in order; CustomResourceDefinitions before all others, wherever they come from. A stage without objects
 * is left out.
 */
export function staged(
    parts: Record<string, readonly Manifest[]>,
    { protect, cilium, spire }: Settings,
): Stage[] {
    const isCrd = ({ kind }: Manifest) => kind === "CustomResourceDefinition";
    const all: Record<string, Manifest[]> = {
        crds: Object.values(parts).flat().filter(isCrd),
        ...Object.fromEntries(
            Object.entries(parts).map(([name, of]) => [name, of.filter((o) => !isCrd(o))]),
        ),
    };
    const names = Object.keys(ORDER).filter((name) => (all[name] ?? []).length > 0);
    const keep = new Set([
        `DaemonSet/${cilium.namespace}/${CILIUM.agentDaemonSet}`,
        `StatefulSet/${spire.server.namespace}/${SERVER_NAME}`,
    ]);
    const isKept = ({ kind, metadata }: Manifest) =>
        ["CustomResourceDefinition", "Namespace"].includes(kind) ||
        keep.has(`${kind}/${metadata.namespace}/${metadata.name}`);
    return names.map((name) => ({
        name,
        ...placeOf(name),
        after: ORDER[name]!.filter((other) => names.includes(other)),
        objects: tidy(all[name]!).map((object) =>
            protect && isKept(object) ? annotated(object, KEPT) : object,
        ),
    }));
}

/** The same whichever other stages there are, so that files keep their paths. */
function placeOf(name: string): Pick<Stage, "wave" | "folder"> {
    const wave = Object.keys(ORDER).indexOf(name);
    return { wave, folder: `manifests/${wave}-${name}` };
}

/** What Flux must not take away, whatever a commit no longer has. */
const KEPT = { "kustomize.toolkit.fluxcd.io/prune": "disabled" };
