/** Under which name a stack writes its objects, as the API server sees it. */
import * as pulumi from "@pulumi/pulumi";
import { ownerOf, type StackId } from "./owner";

/** Read by the Kubernetes provider, of patches and of whole objects (provider v4.25, fieldManagerName). */
const FIELD_MANAGER = "pulumi.com/patchFieldManager";

/** Objects of the Kubernetes provider; neither its components nor patches, which have field managers of their own. */
const OBJECT = /^kubernetes:(?!helm\.sh\/).*(?<!Patch)$/;

interface KubernetesObject {
    metadata?: { annotations?: Record<string, string> };
}

/**
 * A transformation that gives every object, those of charts too, one field manager that is always the same. As an option of
 * a component it reaches all that is in it.
 *
 * The provider's own choice is a random name, which only the state remembers. When an `up` is killed, the objects that it
 * was waiting for are on the cluster but not in the state. The next `up` applies them again, and to the API server a
 * second random name is somebody else: it refuses every value that differs from what the first one wrote, be it a changed
 * setting or a default that it has filled in itself. One name makes the second apply an ordinary one. Nothing is forced,
 * so what others own stays theirs.
 *
 * Only new objects get it. A state keeps the name that it knows: two names would refuse each other's changes.
 *
 * @param id of the stack; the field manager is its owner's name.
 */
export function stableFieldManager(id: StackId): pulumi.ResourceTransform {
    const owner = ownerOf(id);
    return ({ custom, type, props, opts }) => {
        if (!custom || !OBJECT.test(type)) return undefined;
        const { metadata, ...rest } = props as KubernetesObject;
        const annotations = { ...metadata?.annotations, [FIELD_MANAGER]: owner };
        return {
            props: { ...rest, metadata: { ...metadata, annotations } },
            opts: pulumi.mergeOptions(opts, {
                ignoreChanges: [`metadata.annotations["${FIELD_MANAGER}"]`],
            }),
        };
    };
}
