/** Images that stay what they are. */
import { objectOf, podOf } from "../kubernetes";
import type { ResourceRule } from "../rule";

export interface ImagesConfig {
    digests: boolean;
}

export const pinnedImages: ResourceRule<ImagesConfig> = {
    name: "pinned-images",
    description: "Every container's image has a version, or a digest.",
    properties: {
        digests: { type: "boolean", description: "A version is not enough: it must be a digest." },
    },
    defaults: { digests: false },
    check: (resource, { digests }) => {
        const object = objectOf(resource);
        const pod = object && podOf(object);
        if (!pod) return [];
        return pod.containers.flatMap(({ name, image }) => {
            const problem = image === undefined ? undefined : problemOf(image, digests);
            if (!problem) return [];
            return [`${object.title}: image of container "${name}" = "${image!}": ${problem}`];
        });
    },
};

function problemOf(image: string, digests: boolean): string | undefined {
    const [reference, digest] = image.split("@");
    if (digest !== undefined) {
        if (/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined;
        return "its digest is none; write sha256: and 64 hexadecimal digits";
    }
    if (digests) return "has no digest; add @sha256:...";
    const tag = /:([^:/]+)$/.exec(reference!)?.[1];
    if (tag === undefined) return "has no version, which means latest; write one";
    // "latest", "stable", "main": a name that moves has no number.
    if (!/\d/.test(tag)) return `"${tag}" is another image tomorrow; write a version`;
    return undefined;
}
