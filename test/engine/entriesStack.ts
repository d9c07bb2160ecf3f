/**
 * A stack of the entries' resource alone, in a process of its own: an inline program that fails leaves rejected promises
 * behind, which the test runner would take for failures of the tests.
 */
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { AgentEntries } from "../../components/entries/agentEntries";
import { ciliumSet } from "../component/entries-provider/stack";
import { exitWhenWritten, launch, type Operation } from "../support/operation";

/** `events` is a preview that prints what Pulumi's event log has, a line each. */
export type Verb = "preview" | "events" | "up" | "destroy";

/** Starts an operation. @param workDir has `node_modules` */
export function start(
    { workDir, kubeconfig }: { workDir: string; kubeconfig: string },
    verb: Verb,
    expectNoChanges = false,
): Operation {
    const args = [__filename, workDir, verb, String(expectNoChanges)];
    return launch(process.execPath, args, { KUBECONFIG: kubeconfig });
}

async function main(workDir: string, verb: Verb, expectNoChanges: boolean): Promise<void> {
    const program = () => {
        new AgentEntries("cilium", ciliumSet().args);
        return Promise.resolve({});
    };
    const stack = await LocalWorkspace.createOrSelectStack(
        { stackName: "dev", projectName: "entries", program },
        { workDir },
    );
    const print = (text: string) => process.stdout.write(text);
    const printed = { onOutput: print, onError: print };
    if (verb === "destroy") await stack.destroy(printed);
    else if (verb === "events") {
        await stack.preview({ onEvent: (event) => print(`${JSON.stringify(event)}\n`) });
    } else await stack[verb]({ ...printed, diff: true, expectNoChanges });
}

if (require.main === module) {
    const [workDir, verb, expectNoChanges] = process.argv.slice(2);
    main(workDir!, verb as Verb, expectNoChanges === "true").then(
        () => exitWhenWritten(0),
        (error: unknown) => {
            console.error(error instanceof Error ? error.message : error);
            exitWhenWritten(1);
        },
    );
}
