/** What Helm makes of Cilium's chart. */
import type { Values } from "../../settings/cilium/values";
import { ensureBinary } from "../../sandbox/build/binaries";
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
