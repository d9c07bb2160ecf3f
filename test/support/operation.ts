/** A Pulumi operation in processes of its own, which can be interrupted. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/** A running operation. */
export interface Operation {
    child: ChildProcess;
    /** Everything printed, and the exit code, when it has ended. */
    ended: Promise<{ code: number | null; output: string }>;
}

/**
 * Starts a command in a session, and with that a process group, of its own, as a terminal does: a signal to the group is
 * what Ctrl-C is there.
 */
export function launch(
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
    input = "",
): Operation {
    const child = spawn(command, args, {
        detached: true,
        stdio: ["pipe", "pipe", "pipe"],
        env: { ...process.env, ...env },
    });
    child.stdin.on("error", () => {}); // a command that does not read its input is no error
    child.stdin.end(input);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    }
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
    return { child, ended };
}

/**
 * Kills an operation with everything that it started, as the end of a container or a machine does.
 *
 * The engine gives every plugin a process group of its own, so a signal to the CLI's group misses them; the session is
 * what they share. An orphan would finish what it was asked for: a provider sends the request that it was about to send,
 * repeats it where a namespace is missing, and waits for pods for minutes. The program, without an engine, can ask for
 * nothing more.
 */
export async function killAll({ child, ended }: Operation): Promise<void> {
    // Again, until none is left: one that is being started is not in the first list.
    for (;;) {
        const pids = await sessionMembers(child.pid!);
        if (pids.length === 0) break;
        for (const pid of pids) kill(pid);
        await setTimeout(20);
    }
    await ended;
}

function kill(pid: number): void {
    try {
        process.kill(pid, "SIGKILL");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

/** Living processes of a session. */
async function sessionMembers(session: number): Promise<number[]> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const stats = await Promise.all(
        pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")),
    );
    return stats.flatMap((stat) => {
        // pid (name) state ppid pgrp session; the name may hold anything.
        const [state, , , id] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return state !== "Z" && Number(id) === session ? [Number.parseInt(stat, 10)] : [];
    });
}
