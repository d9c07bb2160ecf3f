/** Images that some tests bring to a running sandbox. Nothing of them is published: they stand in for images that cannot be had. */
import { type ImageSpec, PATH } from "./images";

const unread = "of these tests alone";
const REPOSITORY = "localhost/cilium-spire-test";

/** What the pods of Cilium's acceptance tests (`cilium connectivity test`) run, by the flags that name their images. */
export const ACCEPTANCE_IMAGES = {
    "curl-image": `${REPOSITORY}/network-client:1`,
    "json-mock-image": `${REPOSITORY}/echo:1`,
    "dns-test-server-image": `${REPOSITORY}/dns:1`,
} as const;

export const TEST_IMAGES: readonly ImageSpec[] = [
    {
        // As quay.io/cilium/alpine-curl: curl, nslookup, nc, and a program that waits.
        tag: ACCEPTANCE_IMAGES["curl-image"],
        upstream: { unread },
        config: { Cmd: ["/usr/bin/pause"], Env: [PATH] },
        layers: [
            "network-client",
            { files: { "/usr/bin/pause": { from: "pause", path: "pause" } } },
        ],
    },
    {
        // As quay.io/cilium/json-mock: answers 200 at port 8080.
        tag: ACCEPTANCE_IMAGES["json-mock-image"],
        upstream: { unread },
        config: { Entrypoint: ["/agnhost", "netexec", "--http-port=8080"], Env: [PATH] },
        layers: [
            { directories: { "/uploads": 0o755 }, files: { "/agnhost": { program: "agnhost" } } },
        ],
    },
    {
        tag: ACCEPTANCE_IMAGES["dns-test-server-image"],
        upstream: { unread },
        config: { Entrypoint: ["/coredns"], Env: [PATH] },
        layers: [{ files: { "/coredns": { program: "coredns-local" } } }],
    },
];
