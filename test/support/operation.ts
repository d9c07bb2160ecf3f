/** A Pulumi operation in processes of its own, which can be interrupted. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";

/** A running operation. */
export interface Operation {
    pid: number;
    /** Everything printed, what of it went to standard output, and the exit code, when it has ended. */
    ended: Promise<{ code: number | null; output: string; stdout: string }>;
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
    const child = execa(command, args, {
        ...{ detached: true, cleanup: false, env, input },
        ...{ all: true, stripFinalNewline: false, reject: false },
    });
    const ended = child.then(({ exitCode, all, stdout, originalMessage }) => ({
        ...{ code: exitCode ?? null, stdout },
        output: all || (originalMessage ?? ""),
    }));
    return { pid: child.pid!, ended };
}

/** Ends this process when what it has printed is read: process.exit forgets what a pipe, which takes 64 KiB, still waits to take. */
export function exitWhenWritten(code: number): void {
    process.stdout.write("", () => process.exit(code));
}

/**
 * Kills an operation with everything that it started, as the end of a container or a machine does.
 *
 * The engine gives every plugin a process group of its own, so a signal to the CLI's group misses them; the session is
 * what they share. An orphan would finish what it was asked for: a provider sends the request that it was about to send,
 * repeats it where a namespace is missing, and waits for pods for minutes. The program, without an engine, can ask for
 * nothing more.
 */
export async function killAll({ pid, ended }: Operation): Promise<void> {
    // Again, until none is left: one that is being started is not in the first list.
    for (;;) {
        const pids = await sessionMembers(pid);
        if (pids.length === 0) break;
        pids.forEach(kill);
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
