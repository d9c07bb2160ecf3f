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

/** Waits for nothing: no pod ever runs. */
export const skipAwait: pulumi.ResourceTransform = ({ type, props, opts }) => {
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
