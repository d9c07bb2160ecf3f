/** Images of Cilium's chart from a registry of the user's. */
import { imageAt } from "../images";

/**
 * What the chart runs, with the values of this program or those that `cilium.values` may add: path in the values, and the
 * chart's own repository (values.yaml of 1.15 to 1.20; test/unit/components/cilium/images.test.ts). The operator's gets a suffix.
 */
const REPOSITORIES: [path: string[], repository: string][] = [
    [["image"], "quay.io/cilium/cilium"],
    [["operator", "image"], "quay.io/cilium/operator"],
    [["envoy", "image"], "quay.io/cilium/cilium-envoy"],
    [["hubble", "relay", "image"], "quay.io/cilium/hubble-relay"],
    [["hubble", "ui", "frontend", "image"], "quay.io/cilium/hubble-ui"],
    [["hubble", "ui", "backend", "image"], "quay.io/cilium/hubble-ui-backend"],
    [["nodeinit", "image"], "quay.io/cilium/startup-script"],
];

/** Values that take all images of the chart from a registry. They leave tags and digests to the chart. */
export function imageValues(registry: string): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const [path, repository] of REPOSITORIES) {
        const inner = path.reduce((at, key) => (at[key] ??= {}) as typeof values, values);
        inner.repository = imageAt(registry, repository);
    }
    return values;
}
