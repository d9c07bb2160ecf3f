/** What a preview and an `up` take on a stack that is as it should be, against a bare one of as many resources. */
import { performance } from "node:perf_hooks";
import * as k8s from "@pulumi/kubernetes";
import { LocalWorkspace, type PulumiFn, type Stack } from "@pulumi/pulumi/automation";
import { median, type QuietFigures } from "./figures";

const ROUNDS = 3;
const NAMESPACE = "cilium-spire-bench";

/** @param stack that is up. */
export async function measureQuiet(stack: Stack): Promise<QuietFigures> {
    const resources = (await resourcesOf(stack)).length;
    const program = bareProgram(resources);
    const bare = await LocalWorkspace.createOrSelectStack({
        projectName: "bench",
        stackName: "bench",
        program,
    });
    await bare.up();
    try {
        const took = { preview: [], up: [], barePreview: [], bareUp: [] } as Record<
            Exclude<keyof QuietFigures, "resources">,
            number[]
        >;
        for (let i = 0; i < ROUNDS; i++) {
            took.preview.push(await timed(() => stack.preview({ expectNoChanges: true })));
            took.barePreview.push(await timed(() => bare.preview({ expectNoChanges: true })));
            took.up.push(await timed(() => stack.up({ expectNoChanges: true })));
            took.bareUp.push(await timed(() => bare.up({ expectNoChanges: true })));
        }
        const medians = Object.entries(took).map(([key, values]) => [key, median(values)]);
        return { resources, ...(Object.fromEntries(medians) as Omit<QuietFigures, "resources">) };
    } finally {
        await bare.destroy();
        await bare.workspace.removeStack("bench");
    }
}

/** ConfigMaps in a namespace of their own, with a provider of their own: as many resources as asked for. */
function bareProgram(resources: number): PulumiFn {
    return () => {
        const provider = new k8s.Provider("cluster", {});
        const metadata = { name: NAMESPACE };
        const namespace = new k8s.core.v1.Namespace(NAMESPACE, { metadata }, { provider });
        // The stack itself is one, too.
        for (let i = 0; i < resources - 3; i++) {
            const metadata = { name: `bare-${i}`, namespace: NAMESPACE };
            const opts = { provider, dependsOn: [namespace] };
            new k8s.core.v1.ConfigMap(`bare-${i}`, { metadata, data: { i: String(i) } }, opts);
        }
        return Promise.resolve();
    };
}

async function resourcesOf(stack: Stack): Promise<unknown[]> {
    const { deployment } = (await stack.exportStack()) as {
        deployment: { resources: unknown[] };
    };
    return deployment.resources;
}

/** @returns seconds. */
async function timed(action: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await action();
    return (performance.now() - start) / 1000;
}
