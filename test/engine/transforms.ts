/** What the tests of the objects change about the program, registered after the program's own transformation. */
import type * as pulumi from "@pulumi/pulumi";

interface KubernetesObject {
    metadata: { annotations?: Record<string, string> };
    spec?: { volumeClaimTemplates?: Claim[] };
}

interface Claim {
    metadata: object;
    spec: Record<string, unknown>;
}

/** The text of a dynamic provider, as a state has it, whose resources are nothing but their inputs. */
export const NOTHING = `exports.handler = () => ({
    check: async (_, inputs) => ({ inputs }),
    diff: async () => ({ changes: false }),
    create: async (outs) => ({ id: "none", outs }),
    delete: async () => undefined,
});`;

/** Waits for nothing: no pod ever runs. */
export const skipAwait: pulumi.ResourceTransform = ({ type, props, opts }) => {
    if (type.startsWith("pulumi-nodejs:dynamic/kubernetes:")) {
        return { props: { ...props, __provider: NOTHING }, opts };
    }
    if (!type.startsWith("kubernetes:") || !("metadata" in props)) return undefined;
    const { metadata } = props as KubernetesObject;
    const annotations = { ...metadata.annotations, "pulumi.com/skipAwait": "true" };
    return { props: { ...props, metadata: { ...metadata, annotations } }, opts };
};

/** The program as it was before objects had a stable field manager and claims their defaults. */
export const earlierProgram: pulumi.ResourceTransform = ({ type, props, opts }) => {
    if (!type.startsWith("kubernetes:") || !("metadata" in props)) return undefined;
    const object = props as KubernetesObject;
    const { "pulumi.com/patchFieldManager": _, ...annotations } = object.metadata.annotations!;
    const metadata = { ...object.metadata, annotations };
    const { volumeClaimTemplates: claims, ...spec } = object.spec ?? {};
    if (claims) Object.assign(spec, { volumeClaimTemplates: claims.map(withoutDefaults) });
    return {
        props: { ...props, metadata, ...(object.spec && { spec }) },
        opts: { ...opts, ignoreChanges: [] },
    };
};

function withoutDefaults({ metadata, spec }: Claim): object {
    const { volumeMode: _, ...rest } = spec;
    return { metadata, spec: rest };
}

/**
 * Objects that can be deleted where no controller runs: nobody collects what belongs to them first, and nobody empties a
 * namespace, so namespaces stay.
 */
export const deletableObjects: pulumi.ResourceTransform = ({ type, props, opts }) => {
    if (!type.startsWith("kubernetes:") || !("metadata" in props)) return undefined;
    const { metadata } = props as KubernetesObject;
    const annotations = {
        ...metadata.annotations,
        "pulumi.com/deletionPropagationPolicy": "background",
    };
    const retainOnDelete = type === "kubernetes:core/v1:Namespace";
    return {
        props: { ...props, metadata: { ...metadata, annotations } },
        opts: { ...opts, ...(retainOnDelete && { retainOnDelete }) },
    };
};

/** Entries that need neither server nor agents. */
export const serverlessEntries: pulumi.ResourceTransform = ({ type, props, opts }) => {
    if (!type.startsWith("pulumi-nodejs:dynamic/spire:")) return undefined;
    return { props: { ...props, __provider: NOTHING }, opts };
};

/**
 * Waits as a user's `up` does, where nobody collects garbage and no Service gets endpoints: those the provider gives up
 * waiting for when their time is over, without an error.
 */
export const withoutGarbage: pulumi.ResourceTransform = ({ type, props, opts }) => {
    if (!type.startsWith("kubernetes:") || !("metadata" in props)) return undefined;
    const { metadata } = props as KubernetesObject;
    const annotations = {
        ...metadata.annotations,
        "pulumi.com/deletionPropagationPolicy": "background",
        ...(type === "kubernetes:core/v1:Service" && { "pulumi.com/timeoutSeconds": "1" }),
    };
    return { props: { ...props, metadata: { ...metadata, annotations } }, opts };
};
