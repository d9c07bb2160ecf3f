/** Cilium as others install it. */
import type { Values } from "../../settings/cilium/values";
import { ensureBinary, ensureChart } from "../../sandbox/build/binaries";
import { run } from "../../sandbox/host/shell";
import { KUBERNETES_VERSION } from "../../sandbox/build/versions";

/** Old and new patches of the minor releases; the Go module proxy has no newer ones of 1.15 to 1.19. */
export const CHART_VERSIONS = [
    ...["1.15.7", "1.15.19", "1.16.5", "1.17.0", "1.18.4", "1.19.3", "1.19.6", "1.20.2"],
];

/** What Helm makes of a chart with these values, for a cluster of the sandbox's version: YAML documents. */
export async function template(
    chart: string,
    values: Values,
    namespace = "kube-system",
): Promise<string> {
    const release = ["cilium", chart, "--namespace", namespace];
    const version = ["--kube-version", KUBERNETES_VERSION];
    const input = JSON.stringify(values);
    return await run(
        await ensureBinary("helm"),
        ["template", ...release, ...version, "--values", "-"],
        { input },
    );
}

/** Installs or upgrades the release `cilium` on the cluster of KUBECONFIG, with these values and no earlier ones. */
export async function helm(verb: "install" | "upgrade", values: Values): Promise<void> {
    const release = ["cilium", await ensureChart(), "--namespace", "kube-system"];
    const input = JSON.stringify(values);
    await run(await ensureBinary("helm"), [verb, ...release, "--values", "-"], { input });
}

/** Removes the release, and waits until its objects are gone. */
export async function uninstall(): Promise<void> {
    const release = ["cilium", "--namespace", "kube-system"];
    await run(await ensureBinary("helm"), ["uninstall", ...release, "--wait"]);
}

/**
 * What a release of somebody else's has: the chart's values of a stack's `cilium`, with authentication as docs/cilium.md asks for
 * it (the chart has it off by default since 1.19), without Hubble.
 */
export function releaseValuesOf(cilium: Values): Values {
    const { version: _, values, ...chartValues } = cilium;
    return {
        ...{ ...chartValues, ...(values as Values) },
        authentication: { enabled: true },
        hubble: { enabled: false },
    };
}
