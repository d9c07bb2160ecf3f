/** The network of a pod, for processes of this machine. */
import { readdir, readFile } from "node:fs/promises";

/**
 * Words that run the command after them in the network of a pod: the sandbox's pods are on this machine, and to Cilium the command's
 * packets are the pod's. Service addresses do not work for them: that translation goes by the pod's cgroup.
 *
 * @param uid of the pod's object.
 * @throws Error when no process of the pod runs.
 */
export async function inNetworkOf(uid: string): Promise<string[]> {
    return ["nsenter", `--net=/proc/${await processOf(uid)}/ns/net`, "--"];
}

/** The pid, on this machine, of a process of the pod. All of them share its network. */
async function processOf(uid: string): Promise<string> {
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
        const cgroups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
        if (cgroups.includes(`pod${uid}`)) return pid;
    }
    throw new Error(`no process of the pod ${uid} on this machine`);
}
