import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider/poll";
import { cgroupPids, createCgroup, enterScript } from "./cgroups";
import type { Instance } from "./instance";
import { tail, SOON } from "./shell";

const START_DEADLINE_MS = 30_000;

/** A process that runs on after this one has ended. */
export interface Service {
    /** Names its log file. */
    name: string;
    /** Relative to the hierarchy's root; only this service runs in it and below. */
    cgroup: string;
    command: string;
    args: readonly string[];
    env?: Record<string, string>;
}

/** Whether the service runs. */
export async function isRunning(service: Pick<Service, "cgroup">): Promise<boolean> {
    return (await cgroupPids(service.cgroup)).length > 0;
}

/** The file with everything that the service printed. */
export function logFile(instance: Instance, name: string): string {
    return join(instance.stateDir, "logs", `${name}.log`);
}

/** The end of a service's log, to be put into error messages. */
export async function logTail(instance: Instance, name: string): Promise<string> {
    const file = logFile(instance, name);
    const text = await readFile(file, "utf8").catch(() => "");
    return `end of ${file}:\n${tail(text.trim(), 8)}`;
}

/**
 * Starts the service unless it runs, and returns when it is in its cgroup. Its own session and log: it
 * keeps nothing of this process open.
 *
 * @throws Error with the end of its log when it ends before that.
 */
export async function startService(instance: Instance, service: Service): Promise<void> {
    if (await isRunning(service)) return;
    await createCgroup(service.cgroup);
    await mkdir(join(instance.stateDir, "logs"), { recursive: true });
    const log = openSync(logFile(instance, service.name), "a");
    const script = enterScript(service.cgroup);
    const child = spawn("sh", ["-c", script, "sh", service.command, ...service.args], {
        detached: true,
        stdio: ["ignore", log, log],
        cwd: "/",
        env: { ...process.env, ...service.env },
    });
    closeSync(log);
    child.unref();
    let ended = false;
    child.on("exit", () => (ended = true)).on("error", () => (ended = true));
    const attempt = async () => {
        if (await isRunning(service)) return { done: true };
        if (!ended) return { waitingFor: "the shell that starts it has not come to it" };
        return { failed: `it ended\n${await logTail(instance, service.name)}` };
    };
    await poll(START_DEADLINE_MS, `start of ${service.name}`, attempt, SOON);
}
