/** The SPIRE that Cilium's chart can install. */
import { ensureTestImageArchive } from "../sandbox/build/imageArchive";
import { BUNDLED_SPIRE_SPECS } from "../sandbox/build/testImages";
import { wantedVersions } from "../sandbox/build/versions";
import { kubectl } from "../sandbox/controlPlane/kubectl";
import { type Instance, nodeNamed } from "../sandbox/host/instance";
import { loadImages } from "../sandbox/nodes/nodes";
import type { Values } from "../settings/cilium/values";

/** The chart's default. */
export const BUNDLED_TRUST_DOMAIN = "spiffe.cilium";
export const BUNDLED_NAMESPACE = "cilium-spire";

/**
 * `authentication` of Cilium's release with it: the chart's defaults, but for images by tag, and for SPIRE's release, which is one
 * of those that can be had here. Of that the server's image has a user of its own, where the one of the chart's (1.9.6) has root.
 */
export function withBundledSpire(): Values {
    const image = { tag: wantedVersions().spire, useDigest: false };
    const install = {
        enabled: true,
        initImage: { useDigest: false },
        agent: { image },
        server: { image, podSecurityContext: { runAsUser: 0, runAsGroup: 0 } },
    };
    return { enabled: true, mutual: { spire: { enabled: true, install } } };
}

/** Brings the image of its init containers to all nodes. */
export async function loadInitImage(target: Instance): Promise<void> {
    const archive = await ensureTestImageArchive(BUNDLED_SPIRE_SPECS);
    const names = ["get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"];
    const nodes = (await kubectl(target, names)).split(" ");
    await Promise.all(nodes.map((name) => loadImages(nodeNamed(target, name), archive)));
}

/** Waits until it is up: the server with its entries, and the agents. */
export async function bundledRolledOut(target: Instance): Promise<void> {
    for (const workload of ["statefulset/spire-server", "daemonset/spire-agent"]) {
        const status = ["rollout", "status", workload, "--timeout=240s"];
        await kubectl(target, ["-n", BUNDLED_NAMESPACE, ...status], { timeoutMs: 300_000 });
    }
}
