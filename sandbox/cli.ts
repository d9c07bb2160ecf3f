import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { ensureBinary, ensureChart } from "./build/binaries";
import { buildAll, down, locked, remains, status, up } from "./cluster";
import { instance, nodeNamed, type Instance } from "./host/instance";
import { addNode, asNode, killNode, recreateNode, removeNode } from "./nodes/nodes";
import { progress } from "./host/shell";
import { variantName, VARIANTS } from "./controlPlane/variant";

const USAGE = `npm run -s sandbox -- [--instance N] VERB

  up [VARIANT]        a cluster of three nodes, without network plugin; prints the kubeconfig's path
  down                removes it
  status              its parts; fails when one is not healthy
  status --gone       what is left of it; fails unless nothing is
  kubeconfig          the path of the administrator's kubeconfig
  chart               the path of Cilium's chart, for cilium.chart
  kubectl ARGS...     kubectl as the administrator
  exec NODE CMD...    runs a command as the node
  node start NAME     starts a killed or another node, for example precinct-99-worker3
  node kill NAME      kills a node, as a power failure does
  node remove NAME    kills it, deletes its Node object and its disk
  node recreate NAME  deletes its Node object and creates it again, with a new UID
  build [PROGRAM...]  builds programs (default: what a cluster needs, and the images) without starting anything

N is 0 to 9 (default: CILIUM_SPIRE_SANDBOX, or 0). VARIANT is one of: ${Object.keys(VARIANTS).join(", ")}.`;

const notUp = ({ number }: Instance) => `sandbox ${number} is not up: run \`up\` first`;

/** A wrong command line: answered with the usage. */
class UsageError extends Error {}

/** Runs one verb and returns the exit status. */
async function main(args: string[]): Promise<number> {
    let number: string | undefined;
    if (args[0] === "--instance") [, number] = args.splice(0, 2);
    const [verb, ...rest] = args;
    const target = instance(number);
    switch (verb) {
        case "up":
            await up(target, { variant: rest[0] === undefined ? undefined : variantName(rest[0]) });
            console.log(target.kubeconfig);
            return 0;
        case "down":
            await down(target);
            progress(`sandbox ${target.number} is gone`);
            return 0;
        case "status":
            return rest[0] === "--gone" ? showRemains(target) : showStatus(target);
        case "kubeconfig":
            console.log(target.kubeconfig);
            return 0;
        case "chart":
            console.log(await ensureChart());
            return 0;
        case "kubectl": {
            if (!existsSync(target.kubeconfig)) throw new Error(notUp(target));
            const command = await ensureBinary("kubectl");
            return passThrough([command, `--kubeconfig=${target.kubeconfig}`, ...rest]);
        }
        case "exec": {
            const [name, ...command] = rest;
            if (!name || command.length === 0)
                throw new UsageError("exec needs NODE and a command");
            return passThrough(await asNode(nodeNamed(target, name), command));
        }
        case "node":
            await changeNode(target, rest);
            return 0;
        case "build":
            if (rest.length === 0) await buildAll();
            for (const name of rest) console.log(await ensureBinary(name));
            return 0;
        default:
            throw new UsageError(verb ? `there is no verb "${verb}"` : "no verb");
    }
}

async function changeNode(target: Instance, [action, name]: string[]): Promise<void> {
    if (!action || !name) throw new UsageError("node needs an action and a NAME");
    const node = nodeNamed(target, name);
    await locked(target, async () => {
        switch (action) {
            case "start":
                return addNode(target, node);
            case "kill":
                return killNode(node);
            case "remove":
                return removeNode(target, node);
            case "recreate":
                console.log(await recreateNode(target, node));
                return;
            default:
                throw new UsageError(`there is no action "${action}"`);
        }
    });
    progress(`${name}: ${action} done`);
}

async function showStatus(target: Instance): Promise<number> {
    const parts = await status(target);
    if (parts.length === 0) {
        console.log(notUp(target));
        return 1;
    }
    for (const { name, detail } of parts) console.log(`${name.padEnd(28)} ${detail}`);
    console.log(`${"kubeconfig".padEnd(28)} ${target.kubeconfig}`);
    return parts.every((part) => part.healthy) ? 0 : 1;
}

async function showRemains(target: Instance): Promise<number> {
    const left = await remains(target);
    console.log(left.length ? left.join("\n") : `nothing is left of sandbox ${target.number}`);
    return left.length ? 1 : 0;
}

/** Runs a command with this process's terminal and returns its exit status. */
function passThrough([command, ...args]: string[]): number {
    const { status, error } = spawnSync(command!, args, { stdio: "inherit" });
    if (error) throw error;
    return status ?? 1;
}

main(process.argv.slice(2)).then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
        const usage = error instanceof UsageError ? `\n\n${USAGE}` : "";
        console.error(`sandbox: ${messageOf(error)}${usage}`);
        process.exitCode = error instanceof UsageError ? 2 : 1;
    },
);
