/**
 * The main program in a process of its own, for operations that fail or are killed: an inline program that fails leaves
 * rejected promises behind, which the test runner would take for failures of the tests.
 */
import { mergeValues, type Values } from "../../settings/cilium/values";
import {
    enterPulumi,
    openStack,
    platformProgram,
    type Program,
    type PulumiHome,
} from "../../automation/stack";
import { exitWhenWritten, launch, type Operation } from "./operation";

/** Agents that meet a server with a new CA need not doubt it for a minute. */
const IMPATIENT: Values = { "cilium-spire:spire": { agent: { rebootstrapDelay: "10s" } } };

/** The main program as the tests run it. */
export async function testProgram(config: Values = {}): Promise<Program> {
    return await platformProgram(mergeValues(IMPATIENT, config));
}

export type Verb = "preview" | "up";

interface Order {
    home: PulumiHome;
    verb: Verb;
    /** Configuration over that of the stack's file. */
    config: Values;
}

/** Starts an operation of the stack `dev`; see {@link launch}. */
export function start(home: PulumiHome, verb: Verb, config: Values = {}): Operation {
    const order: Order = { home, verb, config };
    return launch(process.execPath, [__filename, JSON.stringify(order)]);
}

async function main({ home, verb, config }: Order): Promise<void> {
    // The program's process outlives Ctrl-C, as a language host does: to stop, and when, is the engine's affair.
    process.on("SIGINT", () => {});
    await enterPulumi(home);
    const stack = await openStack(home, await testProgram(config), "dev");
    await stack[verb]({ onOutput: (text: string) => process.stdout.write(text), diff: true });
}

if (require.main === module) {
    main(JSON.parse(process.argv[2]!) as Order).then(
        () => exitWhenWritten(0),
        (error: unknown) => {
            console.error(error instanceof Error ? error.message : error);
            exitWhenWritten(1);
        },
    );
}
