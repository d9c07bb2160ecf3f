/** What an image says of its version. */

/** The version in an image reference such as `registry:5000/spire-server:1.14.7@sha256:...`; undefined when its tag is none. */
export function imageVersion(image: string): string | undefined {
    return /:v?(\d+\.\d+\.\d+)(@.*)?$/.exec(image)?.[1];
}
