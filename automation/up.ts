/** `make up` and `make preview`: the main job on a sandbox instance. */
import { existsSync } from "node:fs";
import { Cluster } from "@cilium-spire/entries-provider";
import { Argument, program } from "commander";
import { proveOnStage } from "../doctor/proof/onStage";
import { AGNHOST } from "../doctor/proof/stage";
import { buildAll, startCluster } from "../sandbox/cluster";
import { instance, type Instance } from "../sandbox/host/instance";
import { progress } from "../sandbox/host/shell";
import {
    enterPulumi,
    openStack,
    platformProgram,
    pulumiHome,
    reportProgress,
    stackOutputs,
} from "./stack";
import { summary } from "./summary";

const STACK = "dev";
/** What a command line may set: `make up CILIUM_SPIRE_SANDBOX=4`. */
const MAKE_VARIABLES = ["CILIUM", "SPIRE", "CILIUM_SPIRE_SANDBOX"];
const PODS_MS = 120_000;
/** The first packet takes the operator's start, its entries, and the polling of SPIRE and Cilium: about 20 s. */
const FIRST_PACKET_MS = 120_000;

/** Cluster, stack, proof: the first two do nothing when they have been done. */
async function up(target: Instance): Promise<void> {
    await buildAll();
    await startCluster(target);
    const home = pulumiHome(target);
    await enterPulumi(home);
    progress(`pulumi up: stack ${STACK}`);
    const platform = await openStack(home, await platformProgram(), STACK);
    const outputs = stackOutputs((await platform.up({ onEvent: reportProgress })).outputs);
    const cluster = new Cluster();
    const verdict = await proveOnStage(cluster, outputs, {
        ...{ image: AGNHOST, pullSecrets: [] },
        ...{ podsWaitMs: PODS_MS, waitMs: FIRST_PACKET_MS, onStep: progress },
    });
    if ("refuted" in verdict) throw new Error(`not proven: ${verdict.refuted}`);
    const nodes = await cluster.list((page) => cluster.core.listNode(page));
    const variables = MAKE_VARIABLES.filter((name) => process.env[name]).map(
        (name) => [name, process.env[name]!] as const,
    );
    console.log(
        "\n" +
            summary({
                kubernetesVersion: nodes[0]!.status!.nodeInfo!.kubeletVersion.replace(/^v/, ""),
                nodes: nodes.length,
                outputs,
                evidence: verdict.evidence,
                kubeconfig: target.kubeconfig,
                seconds: process.uptime(),
                variables: Object.fromEntries(variables),
            }),
    );
}

/** What the next `pulumi up` would change. */
async function preview(target: Instance): Promise<void> {
    if (!existsSync(target.kubeconfig))
        throw new Error(`sandbox ${target.number} is not up: run \`make up\` first`);
    const home = pulumiHome(target);
    await enterPulumi(home);
    const platform = await openStack(home, await platformProgram(), STACK);
    await platform.preview({ diff: true, onOutput: (text) => process.stdout.write(text) });
}

if (require.main === module) {
    const verbs = { up, preview };
    program
        .addArgument(new Argument("<verb>").choices(Object.keys(verbs)))
        .action((verb: keyof typeof verbs) => verbs[verb](instance()));
    program.parseAsync().then(
        () => process.exit(0),
        (error: unknown) => {
            console.error(error instanceof Error ? error.message : error);
            process.exit(1);
        },
    );
}
