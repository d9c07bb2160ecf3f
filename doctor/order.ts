/** What the command line asks the doctor for. */
import { parseArgs } from "node:util";

export const USAGE = `usage: doctor STACK [--wait SECONDS] [--stdin]
  STACK           name of the stack
  --wait SECONDS  give the stack that long to become healthy; 0 when absent
  --stdin         read the stack's settings from standard input, as JSON, not from Pulumi.STACK.yaml`;

export interface Order {
    stack: string;
    waitSeconds: number;
    /** The settings come as JSON on standard input. */
    stdin: boolean;
}

/** The command line is wrong; the message says how, and ends with the usage. */
export class UsageError extends Error {
    constructor(problem: string) {
        super(`${problem}\n${USAGE}`);
    }
}

/**
 * @param argv without interpreter and script.
 * @throws UsageError
 */
export function parseOrder(argv: string[]): Order {
    const { values, positionals } = parse(argv);
    const [stack, ...rest] = positionals;
    if (stack === undefined || stack === "") throw new UsageError("the stack is missing");
    if (rest.length > 0) throw new UsageError(`one stack at a time, not also ${rest.join(", ")}`);
    const { wait, stdin } = values;
    if (!/^\d{1,5}$/.test(wait)) {
        throw new UsageError(`--wait "${wait}" must be a whole number of seconds, up to 99999`);
    }
    return { stack, waitSeconds: Number(wait), stdin };
}

function parse(args: string[]) {
    try {
        return parseArgs({
            args,
            allowPositionals: true,
            options: {
                wait: { type: "string", default: "0" },
                stdin: { type: "boolean", default: false },
            },
        });
    } catch (error) {
        // The rest of the message is about file names that begin with a dash.
        throw new UsageError((error as Error).message.split(". ")[0]!);
    }
}
