import { spawn } from "node:child_process";
import { once } from "node:events";

/** Options of {@link run}. */
export interface RunOptions {
    /** Text for the command's stdin; empty when absent. */
    input?: string;
    cwd?: string;
    /** Variables added to this process's environment. */
    env?: Record<string, string>;
    /** Milliseconds until the command is killed. @default 120000 */
    timeoutMs?: number;
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
    options: RunOptions = {},
): Promise<string> {
    const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        stdio: ["pipe", "pipe", "pipe"],
    });
    // Not spawn's own timeout: its timer lives on, and this process with it, when a command cannot start.
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 120_000);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => {}); // a command that does not read its input is no error
    child.stdin.end(options.input ?? "");
    const line = [command, ...args].join(" ").slice(0, 300);
    let code: number | null;
    let signal: string | null;
    try {
        [code, signal] = (await once(child, "close")) as [number | null, string | null];
    } catch (error) {
        throw new Error(`cannot run ${line}: ${messageOf(error)}`);
    } finally {
        clearTimeout(timer);
    }
    if (code === 0) return stdout;
    const status = child.killed
        ? "timed out"
        : signal
          ? `died of ${signal}`
          : `exit status ${code}`;
    throw new Error(`${line}: ${status}\n${tail(stderr.trim() || stdout.trim())}`);
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

/** Prints one line of progress with the seconds since this process started. */
export function progress(message: string): void {
    const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(6);
    // stderr, so that stdout carries results only.
    process.stderr.write(`${seconds} s  ${message}\n`);
}
