/**
 * Stacks of the policy pack's cases, in a process of their own: a program whose deployment is refused leaves rejected
 * promises behind, which the test runner would take for failures of the tests.
 */
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import type { Declared } from "../support/policy/declare";
import { launch, type Operation } from "../support/operation";
import { POLICY_PACK } from "../support/policy/pack";
import { NOTHING, skipAwait } from "./transforms";

interface Order {
    workDir: string;
    verb: "preview" | "up";
    /** Name of the project. */
    project: string;
    resources: Declared[];
    /** File with the pack's configuration. */
    config?: string;
}

/** Starts an operation of the stack `prod` of a project, under the pack. */
export function start(order: Order): Operation {
    return launch(process.execPath, [__filename, JSON.stringify(order)]);
}

class Made extends pulumi.CustomResource {}

async function main({ workDir, verb, project, resources, config }: Order): Promise<void> {
    const program = () => {
        pulumi.runtime.registerResourceTransform(skipAwait);
        // No cluster: objects become files.
        const directory = { renderYamlToDirectory: join(workDir, "manifests") };
        const provider = new k8s.Provider("render", directory);
        for (const { type, name, inputs } of resources) {
            if (type.startsWith("kubernetes:")) new Made(type, name, inputs, { provider });
            else new Made(type, name, { ...inputs, __provider: NOTHING });
        }
        return Promise.resolve({});
    };
    const stack = await LocalWorkspace.createOrSelectStack(
        { stackName: "prod", projectName: project, program },
        { workDir },
    );
    const print = (text: string) => process.stdout.write(text);
    const policy = { policyPacks: [POLICY_PACK], ...(config && { policyPackConfigs: [config] }) };
    await stack[verb]({ ...policy, onOutput: print });
}

if (require.main === module) {
    main(JSON.parse(process.argv[2]!) as Order).then(
        () => process.exit(0),
        (error: unknown) => {
            console.error(error instanceof Error ? error.message : error);
            process.exit(1);
        },
    );
}
