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

/** What an error says, without its class. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** The last lines of a text, for error messages. */
export function tail(text: string, lines = 15): string {
    return text.split("\n").slice(-lines).join("\n");
}

/** What a probe of {@link waitFor} found: done, what is still missing, or why waiting is in vain. */
export type Probe = { done: true } | { missing: string } | { failed: string };

/**
 * Calls the probe until it is done. A probe that throws counts as missing, with the error's text.
 *
 * @param what completes the sentence "timed out after 60 s waiting for ...".
 * @throws Error that names what was missing at the last try.
 */
export async function waitFor(
    what: string,
    timeoutMs: number,
    probe: () => Promise<Probe>,
): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
        const result = await probe().catch((error: unknown): Probe => ({
            missing: messageOf(error),
        }));
        if ("done" in result) return;
        if ("failed" in result) throw new Error(`waiting for ${what}: ${result.failed}`);
        if (Date.now() > deadline) {
            const seconds = Math.round(timeoutMs / 1000);
            throw new Error(`timed out after ${seconds} s waiting for ${what}: ${result.missing}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

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
