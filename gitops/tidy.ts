/** Objects as they go into a repository: without what only Pulumi reads, and without secrets. */
import type { Manifest } from "./manifest";

/** Read by Pulumi's provider, of objects and of what charts render. */
const PULUMIS = /^(pulumi\.com\/|config\.kubernetes\.io\/depends-on$)/;

/** The objects of a stage, without Pulumi's annotations, in an order of their own. */
export function tidy(objects: readonly Manifest[]): Manifest[] {
    return objects.map(withoutPulumi).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function withoutPulumi({ metadata, ...object }: Manifest): Manifest {
    const { annotations = {}, ...rest } = metadata;
    const kept = Object.entries(annotations).filter(([key]) => !PULUMIS.test(key));
    const own = kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {};
    return { ...object, metadata: { ...rest, ...own } };
}

/** Kind, namespace and name: what tells objects of a stage apart. */
export function keyOf({ kind, metadata }: Manifest): string {
    return [kind, metadata.namespace ?? "", metadata.name].join("/");
}

/**
 * What is secret and would end in the repository, as `key: problem; remedy`. SPIRE's own settings cannot: they only name
 * Secrets.
 *
 * @param objects what Cilium's chart was rendered to.
 */
export function secretProblems(objects: readonly Manifest[]): string[] {
    return objects
        .filter(({ kind, data, stringData }) => kind === "Secret" && (data ?? stringData))
        .map(({ metadata: { namespace = "", name } }) => {
            const secret = `${namespace}/${name}`;
            return `cilium.values: Cilium's chart makes the Secret ${secret} of them, which everyone who reads the repository could read; make it by other means, and name it with the chart's value for an existing Secret`;
        });
}
