/** Cilium as others install it: a release of Helm's. */
import { ensureBinary, ensureChart } from "../sandbox/build/binaries";
import { run } from "../sandbox/host/shell";
import type { Values } from "../settings/cilium/values";

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
