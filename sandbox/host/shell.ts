import type { PollOptions } from "@cilium-spire/entries-provider/poll";
import { execa } from "execa";

/** Options of {@link run}. */
export interface RunOptions {
    /** Text for the command's stdin; empty when absent. */
    input?: string;
    cwd?: string;
    /** Variables added to this process's environment. */
    env?: Record<string, string>;
    /** Milliseconds until the command is killed. @default 120000 */
    timeoutMs?: number;
    /** Called with each line that the command writes to stderr, as it comes. */
    onStderr?: (line: string) => void;
}

/**
 * Runs a command and returns its stdout.
 *
 * @throws Error with the command line, its exit status and the end of what it wrote, when it cannot be
 * started, fails or runs out of time.
 */
export async function run(
    command: string,
    args: readonly string[],
    { input = "", cwd, env, timeoutMs = 120_000, onStderr }: RunOptions = {},
): Promise<string> {
    const stderr = function* (line: unknown) {
        onStderr?.(String(line));
        yield line;
    };
    const result = await execa(command, args, {
        ...{ input, cwd, env, timeout: timeoutMs, killSignal: "SIGKILL" },
        ...{ stderr, stripFinalNewline: false, reject: false },
    });
    if (!result.failed) return result.stdout;
    const line = [command, ...args].join(" ").slice(0, 300);
    const { exitCode, signal, timedOut, originalMessage } = result;
    if (exitCode === undefined && signal === undefined) {
        throw new Error(`cannot run ${line}: ${originalMessage}`);
    }
    const status = timedOut
        ? "timed out"
        : signal
          ? `died of ${signal}`
          : `exit status ${exitCode}`;
    throw new Error(`${line}: ${status}\n${tail(result.stderr.trim() || result.stdout.trim())}`);
}

/** The last lines of a text, for error messages. */
export function tail(text: string, lines = 15): string {
    return text.split("\n").slice(-lines).join("\n");
}

/** How the sandbox polls: what it waits for takes parts of a second, and cannot be asked before it is there. */
export const SOON: PollOptions = { intervalMs: 100, errorsWait: true };

const started = Date.now();
/** How often the state of long work is worth a line where lines cannot be replaced: a file, CI. */
const STATE_INTERVAL_MS = 15_000;
const CLEAR_LINE = "\r\x1b[K";

let state = "";
let statePrinted = started;

/** Prints one line of progress with the seconds since this process started. */
export function progress(message: string): void {
    // stderr, so that stdout carries results only.
    if (!process.stderr.isTTY) process.stderr.write(`${seconds()} s  ${message}\n`);
    else process.stderr.write(`${CLEAR_LINE}${seconds()} s  ${message}\n${fitted(state)}`);
}

/**
 * Says how far long work is: on a terminal in one line at the bottom, which the next state replaces, elsewhere in a line
 * every 15 seconds.
 *
 * @param message empty when the work is done.
 */
export function progressState(message: string): void {
    state = message;
    if (process.stderr.isTTY) {
        process.stderr.write(CLEAR_LINE + fitted(state));
    } else if (state && Date.now() - statePrinted >= STATE_INTERVAL_MS) {
        statePrinted = Date.now();
        progress(state);
    }
}

/** As much of a state as one line of the terminal holds: a longer one would not be replaced as a whole. */
function fitted(message: string): string {
    return message.slice(0, (process.stderr.columns || 80) - 1);
}

function seconds(): string {
    return ((Date.now() - started) / 1000).toFixed(1).padStart(6);
}
