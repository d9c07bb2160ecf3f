/** spire-controller-manager, which helm-charts-hardened runs beside the server: whether it would delete entries of ours. */
import { parseDocument } from "yaml";

const KIND = "ControllerManagerConfig";

interface ManagerConfig {
    kind?: string;
    entryIDPrefix?: string;
    entryIDPrefixCleanup?: string | null;
}

/**
 * What is wrong with a controller manager, as `where: problem; remedy`, or undefined: also when it is none.
 *
 * It collects what is not declared by its own resources: with an `entryIDPrefix` only entries that carry it, else all that
 * there are (spire-controller-manager pkg/spireentry/reconciler.go; seen with and without).
 *
 * @param text of a configuration file: YAML or JSON.
 * @param owner what the IDs of this stack's entries begin with.
 */
export function managerProblem(where: string, text: string, owner: string): string | undefined {
    // What is none may be no YAML either.
    if (!text.includes(KIND)) return undefined;
    const config = parseDocument(text).toJS() as ManagerConfig | null | undefined;
    if (config?.kind !== KIND) return undefined;
    const { entryIDPrefix: prefix, entryIDPrefixCleanup: cleanup } = config;
    const id = `${owner}.`;
    if (!prefix) {
        return `${where}: spire-controller-manager has no entryIDPrefix, so it deletes every entry that it did not write, this stack's too; have one set; with helm-charts-hardened: spire-server.controllerManager.addEntryIDPrefix: true`;
    }
    if (id.startsWith(`${prefix.replace(/\.$/, "")}.`)) {
        return `${where}: the entryIDPrefix "${prefix}" of spire-controller-manager is how the IDs of this stack's entries begin too ("${id}"), so it deletes them; give the stack or its project another name`;
    }
    if (typeof cleanup === "string" && id.startsWith(cleanup)) {
        return `${where}: spire-controller-manager deletes the entries with the prefix "${cleanup}", this stack's too (entryIDPrefixCleanup); have that removed; with helm-charts-hardened: spire-server.controllerManager.entryIDPrefixCleanup: false`;
    }
    return undefined;
}
