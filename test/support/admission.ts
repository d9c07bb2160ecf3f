/** Whether an API server takes objects, and the pods of those that have some. */
import { Cluster } from "@cilium-spire/entries-provider";

type Patch = Cluster["objects"]["patch"];

/** An object as it is applied. */
export interface Applied {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
    spec?: object;
}

/** Kinds that no API server has by itself: cert-manager's. */
const FOREIGN = /^cert-manager\.io\//;
const OWNER = "accepted";

/**
 * Applies objects one by one in a dry run, as the provider applies them: by server-side apply. Their namespaces and service
 * accounts are made before, and stay.
 *
 * @throws Error that lists what is refused, and why.
 */
export async function admit(cluster: Cluster, objects: readonly Applied[]): Promise<void> {
    const { lasting, others } = sorted(objects);
    await keep(cluster, lasting);
    await applyAll(cluster, [...others, ...others.flatMap(podsOf)], "All");
}

/** Applies objects, and makes their namespaces. @throws Error that lists what is refused, and why. */
export async function keep(cluster: Cluster, objects: readonly Applied[]): Promise<void> {
    const namespaces = new Map<string, Applied>();
    for (const { metadata } of objects) {
        if (metadata.namespace === undefined) continue;
        const name = metadata.namespace;
        namespaces.set(name, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    for (const object of objects) {
        if (object.kind === "Namespace") namespaces.set(object.metadata.name, object);
    }
    await applyAll(cluster, [...namespaces.values()]);
    await applyAll(
        cluster,
        objects.filter(({ kind }) => kind !== "Namespace"),
    );
}

/** What pods need to be admitted, apart from the rest. */
function sorted(objects: readonly Applied[]): Record<"lasting" | "others", Applied[]> {
    const known = objects.filter(({ apiVersion }) => !FOREIGN.test(apiVersion));
    const isLasting = ({ kind }: Applied) => ["Namespace", "ServiceAccount"].includes(kind);
    const used = new Set(known.map(({ metadata }) => metadata.namespace));
    used.delete(undefined);
    // A controller makes one in every namespace.
    const defaults = [...used].map((namespace) => ({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace: namespace! },
    }));
    return {
        lasting: [...known.filter(isLasting), ...defaults],
        others: known.filter((object) => !isLasting(object)),
    };
}

/** A pod of a workload's template, for the admission that looks at pods alone: Pod Security. */
function podsOf({ kind, metadata, spec }: Applied): Applied[] {
    const { jobTemplate, ...workload } = (spec ?? {}) as WorkloadSpec;
    const { template, volumeClaimTemplates = [] } = jobTemplate?.spec ?? workload;
    if (!template || kind === "Job") return [];
    // A class of the user's own is not there, and neither are the claims that a controller would make.
    const { priorityClassName: _, volumes = [], ...rest } = template.spec;
    const claims = volumeClaimTemplates.map(({ metadata: { name } }) => ({ name, emptyDir: {} }));
    const pod = { ...rest, volumes: [...volumes, ...claims] };
    const name = `${metadata.name}-pod`;
    return [{ apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name }, spec: pod }];
}

interface WorkloadSpec {
    /** Of a CronJob. */
    jobTemplate?: { spec: WorkloadSpec };
    template?: { spec: { priorityClassName?: string; volumes?: object[] } };
    volumeClaimTemplates?: { metadata: { name: string } }[];
}

async function applyAll(cluster: Cluster, objects: Applied[], dryRun?: "All"): Promise<void> {
    const how = "application/apply-patch+yaml" as Parameters<Patch>[5];
    const problems: string[] = [];
    const apply = async (object: Applied) => {
        const call = cluster.objects.patch(object, undefined, dryRun, OWNER, true, how);
        await cluster.ask(call).catch((error: unknown) => {
            const { name, namespace = "" } = object.metadata;
            problems.push(`${object.kind} ${namespace}/${name}: ${(error as Error).message}`);
        });
    };
    await Promise.all(objects.map(apply));
    if (problems.length > 0) throw new Error(problems.join("\n"));
}
