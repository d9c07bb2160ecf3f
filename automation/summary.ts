/** What `make up` says in the end. */
import type { Evidence } from "../doctor/proof/evidence";
import type { StackOutputs } from "../outputs";
import { duration } from "../sandbox/build/progress";

/** What an `up` has brought about. */
export interface UpResult {
    kubernetesVersion: string;
    nodes: number;
    outputs: StackOutputs;
    evidence: readonly Evidence[];
    kubeconfig: string;
    /** From the start of the command to the end of the proof. */
    seconds: number;
    /** Variables by which the command was told what to work on; the next commands need them as well. */
    variables: Readonly<Record<string, string>>;
}

/** A text of lines that can stand alone: what runs, what was proven, what others can use, what to do next. */
export function summary(result: UpResult): string {
    const { outputs, evidence } = result;
    const { spireServer, trustBundle, clusterName, trustDomain } = outputs;
    const agents = Object.entries(outputs.agents ?? {});
    const variables = Object.entries(result.variables).map(([name, value]) => ` ${name}=${value}`);
    const make = (target: string) => `make ${target}${variables.join("")}`;
    return [
        `Pods authenticate each other, in ${duration(result.seconds)} from the start:`,
        ...columns([
            [
                "cluster",
                `${clusterName}, ${result.nodes} nodes, Kubernetes ${result.kubernetesVersion}`,
            ],
            ["enforced by", `Cilium ${outputs.ciliumVersion}`],
            ["identities by", `SPIRE ${outputs.spireVersion}, trust domain ${trustDomain}`],
        ]),
        "",
        "What was seen:",
        ...evidence.map(({ what, seen }) => `  ${what}: ${seen}.`),
        "",
        ...(agents.length > 0 ? ["SPIRE agents:"] : []),
        ...columns(agents),
        ...(agents.length > 0 ? [""] : []),
        "For other stacks and programs:",
        ...columns([
            ["SPIRE server", spireServer.address],
            ["its pods", `StatefulSet ${spireServer.namespace}/${spireServer.statefulSet}`],
            ...(trustBundle
                ? [
                      [
                          "trust bundle",
                          `ConfigMap ${trustBundle.namespace}/${trustBundle.configMap}`,
                      ] as const,
                  ]
                : []),
            ["Workload API", outputs.workloadSocket],
            ["admin socket", outputs.adminSocket],
        ]),
        "",
        "Next:",
        ...columns([
            [`export KUBECONFIG=${result.kubeconfig}`, "for kubectl"],
            [make("preview"), "what the next pulumi up would change"],
            [make("doctor"), "examine the cluster"],
            [make("down"), "remove all of it"],
        ]),
    ].join("\n");
}

/** Indented, the second column aligned. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
    const width = Math.max(...rows.map(([first]) => first.length));
    return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}
