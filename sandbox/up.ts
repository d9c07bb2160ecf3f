/** `make up` and `make preview`: the main job on a sandbox instance. */
import { Cluster } from "@cilium-spire/entries-provider";
import { Demo } from "../examples/mtls-demo/proof";
import { buildAll, up as clusterUp } from "./cluster";
import { instance, type Instance } from "./instance";
import { progress } from "./shell";
import {
    demoProgram,
    enterPulumi,
    openStack,
    platformProgram,
    pulumiHome,
    reportProgress,
    stackOutputs,
} from "./stack";

const STACK = "dev";
/** The first packet takes the operator's start, its entries, and the polling of SPIRE and Cilium: about 20 s. */
const FIRST_PACKET_MS = 120_000;

/** Cluster, stack, demo, proof: each step does nothing when it has been done. */
async function up(target: Instance): Promise<void> {
    await buildAll();
    await clusterUp(target);
    const home = pulumiHome(target);
    await enterPulumi(home);
    progress(`pulumi up: stack ${STACK}`);
    const platform = await openStack(home, await platformProgram(), STACK);
    const outputs = stackOutputs((await platform.up({ onEvent: reportProgress })).outputs);
    progress("pulumi up: the demo (a server, two clients, a stranger)");
    const demo = await openStack(home, await demoProgram(STACK), STACK);
    await demo.up({ onEvent: reportProgress });
    progress("proving that they are authenticated");
    const evidence = await new Demo(new Cluster(), outputs).prove(FIRST_PACKET_MS);
    console.log("\nProof:");
    for (const { what, seen } of evidence) console.log(`  ${what}: ${seen}`);
    console.log("\nOutputs:");
    for (const [key, value] of Object.entries(outputs)) {
        console.log(`  ${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    }
    console.log(`\nexport KUBECONFIG=${target.kubeconfig}`);
}

/** What the next `pulumi up` would change. */
async function preview(target: Instance): Promise<void> {
    const home = pulumiHome(target);
    await enterPulumi(home);
    const platform = await openStack(home, await platformProgram(), STACK);
    await platform.preview({ diff: true, onOutput: (text) => process.stdout.write(text) });
}

async function main(): Promise<void> {
    const verb = process.argv[2];
    if (verb === "up") await up(instance());
    else if (verb === "preview") await preview(instance());
    else throw new Error(`"${verb ?? ""}" is neither "up" nor "preview"`);
}

if (require.main === module) {
    main().then(
        () => process.exit(0),
        (error: unknown) => {
            console.error(error instanceof Error ? error.message : error);
            process.exit(1);
        },
    );
}
