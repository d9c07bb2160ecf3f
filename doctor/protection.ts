/** Which changes of settings would delete what `protect` protects: Pulumi itself refuses only after it has made the new. */
import { AGENT_NAME, SERVER_NAME } from "../components/names";
import type { Settings } from "../settings/schema";
import { objectKey } from "./ownership";

/**
 * Why an `up` would delete the SPIRE server or a namespace of SPIRE, by key and with the way out; undefined when it would not.
 *
 * @param known objects of the stack's state, each as its {@link objectKey}.
 */
export function protectionProblem(
    { protect, spire }: Pick<Settings, "protect" | "spire">,
    known: Set<string>,
): string | undefined {
    if (!protect) return undefined;
    const installed = spire.mode === "install" ? spire : undefined;
    const createNamespaces = installed?.createNamespaces ?? false;
    const problems: string[] = [];
    for (const [key, wanted, kind, name] of [
        ["spire.server.namespace", installed?.server.namespace, "StatefulSet", SERVER_NAME],
        ["spire.agent.namespace", installed?.agent.namespace, "DaemonSet", AGENT_NAME],
    ] as const) {
        const home = namespaceOf(known, kind, name);
        if (home === undefined) continue;
        const lost = [
            ...(home !== wanted && kind === "StatefulSet" ? [`${kind} ${home}/${name}`] : []),
            ...(isMade(known, home) && !(createNamespaces && isHome(spire, home))
                ? [`namespace ${home} with all that is in it`]
                : []),
        ];
        if (lost.length === 0) continue;
        const elsewhere = wanted === undefined ? 'spire.mode = "external"' : `${key} = "${wanted}"`;
        const cause = home === wanted ? "spire.createNamespaces = false" : elsewhere;
        problems.push(`${cause}: would delete ${lost.join(" and ")}`);
    }
    if (problems.length === 0) return undefined;
    const list = problems.map((problem) => `\n  ${problem}`).join("");
    return `protect = true, and nothing was changed. Set the key back, or, if it is meant, set protect to false for this "up".${list}`;
}

/** The namespace of the object of this kind and name that the stack has. */
function namespaceOf(known: Set<string>, kind: string, name: string): string | undefined {
    const [start, end] = [`${kind} `, `/${name}`];
    const key = [...known].find((each) => each.startsWith(start) && each.endsWith(end));
    return key?.slice(start.length, -end.length);
}

function isMade(known: Set<string>, namespace: string): boolean {
    return known.has(objectKey("Namespace", namespace));
}

function isHome({ server, agent }: Settings["spire"], namespace: string): boolean {
    return server.namespace === namespace || agent.namespace === namespace;
}
