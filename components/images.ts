/** Images from a registry of the user's. */
import type { ImageSettings } from "../settings/images";

/** The image with its registry, the part up to the first slash, replaced; as it is without one to replace it. */
export function imageAt(registry: string | undefined, image: string): string {
    return registry === undefined ? image : registry + image.slice(image.indexOf("/"));
}

/** The pull secrets as a pod's spec, and Cilium's chart, has them. */
export function pullSecrets({ pullSecrets }: ImageSettings): { name: string }[] {
    return pullSecrets.map((name) => ({ name }));
}
