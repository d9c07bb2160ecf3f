/** `make up`, `make preview`: the main job on a sandbox instance. */
import { Cluster } from "@cilium-spire/entries-provider";
import { Demo } from "../examples/mtls-demo/proof";
import type { StackOutputs } from "../outputs";
import { instance, type Instance } from "./instance";
import { progress } from "./shell";
import { demoProgram, enterInstance, openStack, platformProgram, reportProgress } from "./stack";
import { up as clusterUp } from "./cluster";

const STACK = "dev";
/** The first packet takes the operator's start, its entries, and SPIRE's and Cilium's polling: about 20 s. */
const FIRST_PACKET_MS = 120_000;

/** Cluster, stack, demo, proof: each step does nothing when it has been done. */
async function up(target: Instance): Promise<void> {
    await clusterUp(target);
    await enterInstance(target);
    progress(`pulumi up, stack ${STACK}`);
    const platform = await openStack(target, await platformProgram(), STACK);
    const { outputs } = await platform.up({ onEvent: reportProgress });
    progress("pulumi up, the demo: a server, two clients, a stranger");
    const demo = await openStack(target, demoProgram(STACK), STACK);
    await demo.up({ onEvent: reportProgress });
    const values = Object.fromEntries(
        Object.entries(outputs).map(([key, { value }]) => [key, value as unknown]),
    ) as unknown as StackOutputs;
    const proof = new Demo(new Cluster(), {
        trustDomain: values.trustDomain,
        server: {
            namespace: "spire-system",
            statefulSet: "spire-server",
            container: "spire-server",
        },
    });
    const evidence = await proof.prove(FIRST_PACKET_MS);
    console.log("\nProof:");
    for (const { what, seen } of evidence) console.log(`  ${what}: ${seen}`);
    console.log("\nOutputs:");
    for (const [key, value] of Object.entries(values)) {
        console.log(`  ${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    }
    console.log(`\nkubeconfig: ${target.kubeconfig}`);
}
