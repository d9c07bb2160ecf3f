/**
 * What the plugin of @pulumi/command 1.2.1 does with the inputs of a `local.Command`. The plugin itself cannot be had
 * where these tests run, so they end at its inputs and take over from there.
 *
 * Source: the SDK's documentation (local/command.d.ts), and pulumi/pulumi-command v1.2.1,
 * provider/pkg/provider/local/commandOutputs.go.
 */
import { delimiter, dirname } from "node:path";
import { execa } from "execa";

/** The inputs that the program uses. */
export interface CommandInputs {
    interpreter: string[];
    create: string;
    stdin: string;
}

/** The command with another `--wait`: to see what it says in the end, without the time that a real `up` gives it. */
export function waiting(seconds: number, command: CommandInputs): CommandInputs {
    const interpreter = [...command.interpreter];
    interpreter[interpreter.indexOf("--wait") + 1] = String(seconds);
    return { ...command, interpreter };
}

export interface Outcome {
    code: number | null;
    /** Standard output and standard error, as they came: what Pulumi shows when the code is not 0. */
    output: string;
}

/**
 * Starts the interpreter with `create` as its last argument, no shell, in the directory where the engine started the
 * plugin, which is the project's, with the CLI's environment; here `node` is that of the tests.
 *
 * @param env variables over those of this process.
 */
export async function runLikePlugin(
    { interpreter: [program, ...args], create, stdin }: CommandInputs,
    { dir, env = {} }: { dir: string; env?: Record<string, string> },
): Promise<Outcome> {
    const path = [dirname(process.execPath), process.env.PATH];
    const { exitCode, all } = await execa(program!, [...args, create], {
        ...{ cwd: dir, env: { PATH: path.join(delimiter), ...env }, input: stdin },
        ...{ timeout: 200_000, all: true, stripFinalNewline: false, reject: false },
    });
    return { code: exitCode ?? null, output: all };
}
