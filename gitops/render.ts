/** A stack as files: what an `up` would write to a cluster, for those who commit it and let Flux or Argo CD apply it. */
import { stringify } from "yaml";
import { observabilityObjects } from "../components/observability/objects";
import type { StackId } from "../components/owner";
import type { Settings } from "../settings/schema";
import { applicationSets, withWaves } from "./argocd";
import { inspect, write, type Written } from "./directory";
import { runEngine } from "./engine";
import { type EntryIds, entryObjects } from "./entries";
import { kustomizations } from "./flux";
import type { Files, Manifest, Stage } from "./manifest";
import { refuse, requireRenderable } from "./refusals";
import { staged } from "./stages";
import { secretProblems } from "./tidy";

/** A rendering that was written, and what to know of it. */
export interface Rendering extends Written {
    ids: EntryIds;
}

/**
 * Renders a stack into a folder: the same settings give the same bytes. Nothing is written when something is refused.
 *
 * @throws Error when the settings cannot be rendered, the folder has files of others, or the engine fails.
 */
export async function render(settings: Settings, id: StackId, dir: string): Promise<Rendering> {
    requireRenderable(settings);
    const target = await inspect(dir, id);
    const { objects: entries, ids } = entryObjects(settings, id, target.formerly);
    const engine = await runEngine(settings, id);
    refuse(secretProblems(engine.cilium));
    const observability = observabilityObjects(settings).map((object) => ({ ...object }));
    const stages = withWaves(staged({ ...engine, entries, observability }, settings), settings);
    const files = filesOf(stages, settings);
    return { ...(await write(dir, files, id, ids, target)), ids };
}

function filesOf(stages: Stage[], settings: Settings): Files {
    const files: Files = new Map();
    for (const { folder, objects } of stages) {
        for (const object of objects) {
            const file = `${folder}/${fileName(object)}`;
            if (files.has(file)) throw new Error(`two objects would be in the file ${file}`);
            files.set(file, yamlOf([object]));
        }
    }
    files.set("flux/cilium-spire.yaml", yamlOf(kustomizations(stages, settings)));
    const sets = applicationSets(settings);
    if (sets.length > 0) files.set("argocd/cilium-spire.yaml", yamlOf(sets));
    return files;
}

function fileName({ kind, metadata: { name, namespace } }: Manifest): string {
    const parts = [kind.toLowerCase(), ...(namespace === undefined ? [] : [namespace]), name];
    // A name of RBAC may have a colon.
    return `${parts.join("-").replaceAll(/[^A-Za-z0-9._-]/g, "_")}.yaml`;
}

/** Documents that readers of YAML 1.1 and 1.2 take for the same; what has an order of its own keeps it, maps are sorted. */
function yamlOf(objects: Manifest[]): string {
    const documents = objects.map((object) => {
        const text = stringify(JSON.parse(JSON.stringify(object)), {
            version: "1.1",
            sortMapEntries: true,
            aliasDuplicateObjects: false,
            lineWidth: 0,
        });
        return `---\n${text}`;
    });
    return `# Written by cilium-spire render; changes here are lost.\n${documents.join("")}`;
}
