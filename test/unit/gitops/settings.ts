/** A stack that can be rendered, with some settings over the defaults. */
import type { Installing } from "../../../gitops/program";
import { requireRenderable } from "../../../gitops/refusals";
import { decodeSettings } from "../../../settings/decode";

export const ID = { project: "cilium-spire", stack: "prod" };

/** @throws ConfigError when it cannot. */
export function renderable(settings: object = {}): Installing {
    const decoded = decodeSettings({
        trustDomain: "example.org",
        clusterName: "east",
        registration: { strategy: "nodeAlias" },
        ...settings,
    });
    requireRenderable(decoded);
    return decoded;
}
