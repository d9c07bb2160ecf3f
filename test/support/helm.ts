/** Cilium as others install it. */
import type { Values } from "../../components/cilium/values";
import { ensureBinary, ensureChart } from "../../sandbox/binaries";
import { run } from "../../sandbox/shell";

/** Installs or upgrades the release `cilium` on the cluster of KUBECONFIG, with these values and no earlier ones. */
export async function helm(verb: "install" | "upgrade", values: Values): Promise<void> {
    const release = ["cilium", await ensureChart(), "--namespace", "kube-system"];
    const input = JSON.stringify(values);
    await run(await ensureBinary("helm"), [verb, ...release, "--values", "-"], { input });
}
