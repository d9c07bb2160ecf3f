/** What a stack may say that cannot be rendered: it needs somebody who looks at the cluster, or acts on it. */
import type { Settings } from "../settings/schema";
import { ConfigError } from "../settings/decode";
import { keyText, listText } from "../settings/show";
import type { Installing } from "./program";

/** @throws ConfigError that lists every key that stands in the way. */
export function requireRenderable(settings: Settings): asserts settings is Installing {
    refuse([...problems(settings)]);
}

/** @throws ConfigError when there are problems. */
export function refuse(problems: string[]): void {
    if (problems.length === 0) return;
    throw new ConfigError(
        `The stack cannot be rendered; nothing was written.${listText(problems, "")}`,
    );
}

function* problems({
    cilium,
    spire,
    registration,
    workloads,
    replaceTrustDomain,
}: Settings): Generator<string> {
    if (cilium.mode === "adopt") {
        yield 'cilium.mode = "adopt": patches objects of somebody else, which no file can; use install, or give the values of docs/gitops.md to what installs Cilium';
    }
    if (spire.mode === "external") {
        yield 'spire.mode = "external": whose SPIRE is there, and how, only a look at the cluster tells; use install, or an "up"';
    }
    if (registration.strategy === "perAgent") {
        yield 'registration.strategy = "perAgent": names the nodes, and files do not know them; set it to nodeAlias';
    }
    if (replaceTrustDomain !== undefined) {
        yield `replaceTrustDomain = "${replaceTrustDomain}": asks for an "up" that looks at the cluster before it takes the old identities away; remove it, and see docs/gitops.md`;
    }
    for (const [key, { parent }] of Object.entries(workloads)) {
        if ("alias" in parent || Object.keys(parent.nodeLabels).length === 0) continue;
        yield `${keyText(["workloads", key, "parent", "nodeLabels"])}: chooses nodes, and files do not know them; name an alias with parent.alias, or leave it out for all nodes`;
    }
}
