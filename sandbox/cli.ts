import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { Argument, Command } from "commander";
import { ensureBinary, ensureChart } from "./build/binaries";
import { buildAll, removeCluster, locked, remains, status, startCluster } from "./cluster";
import { instance, nodeNamed, type Instance, type Node } from "./host/instance";
import { addNode, asNode, killNode, recreateNode, removeNode } from "./nodes/nodes";
import { joinNetworks } from "./nodes/router";
import { progress } from "./host/shell";
import { type VariantName, VARIANTS } from "./controlPlane/variant";

/** Exit status after a wrong command line. */
const USAGE_STATUS = 2;

const NODE_ACTIONS = {
    start: addNode,
    kill: (_: Instance, node: Node) => killNode(node),
    remove: removeNode,
    recreate: async (of: Instance, node: Node) => console.log(await recreateNode(of, node)),
};

const notUp = ({ number }: Instance) => `sandbox ${number} is not up: run \`up\` first`;

const program = new Command("npm run -s sandbox --")
    .option("--instance <n>", "0 to 9 (default: CILIUM_SPIRE_SANDBOX, or 0)")
    .enablePositionalOptions()
    .helpCommand(false)
    .showHelpAfterError()
    .exitOverride(({ exitCode }) => process.exit(exitCode && USAGE_STATUS));

const target = () => instance(program.opts<{ instance?: string }>().instance);

program
    .command("up")
    .description(
        "a cluster of three nodes, or of one (single), without network plugin; prints the kubeconfig's path",
    )
    .addArgument(new Argument("[variant]", "how it is set up").choices(Object.keys(VARIANTS)))
    .action(async (variant?: VariantName) => {
        await startCluster(target(), { variant });
        console.log(target().kubeconfig);
    });
program
    .command("down")
    .description("removes it")
    .action(async () => {
        await removeCluster(target());
        progress(`sandbox ${target().number} is gone`);
    });
program
    .command("status")
    .description("its parts; fails when one is not healthy")
    .option("--gone", "what is left of it; fails unless nothing is")
    .action(async ({ gone }: { gone?: true }) => {
        process.exitCode = await (gone ? showRemains(target()) : showStatus(target()));
    });
program
    .command("kubeconfig")
    .description("the path of the administrator's kubeconfig")
    .action(() => console.log(target().kubeconfig));
program
    .command("chart")
    .description("the path of Cilium's chart, for cilium.chart")
    .action(async () => console.log(await ensureChart()));
program
    .command("kubectl")
    .description("kubectl as the administrator")
    .argument("[args...]")
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => {
        const { kubeconfig } = target();
        if (!existsSync(kubeconfig)) throw new Error(notUp(target()));
        passThrough([await ensureBinary("kubectl"), `--kubeconfig=${kubeconfig}`, ...args]);
    });
program
    .command("exec")
    .description("runs a command as the node")
    .argument("<node>")
    .argument("<command...>")
    .passThroughOptions()
    .action(async (name: string, command: string[]) =>
        passThrough(await asNode(nodeNamed(target(), name), command)),
    );
program
    .command("node")
    .description(
        `start: starts a killed or another node, for example precinct-99-worker3
kill: kills a node, as a power failure does
remove: kills it, deletes its Node object and its disk
recreate: deletes its Node object and creates it again, with a new UID`,
    )
    .addArgument(new Argument("<action>", "what to do").choices(Object.keys(NODE_ACTIONS)))
    .argument("<name>", "the node")
    .action(changeNode);
program
    .command("join")
    .description("lets the nodes of two instances reach each other, until one of them is removed")
    .argument("<n>", "the other instance")
    .action(async (other: string) => {
        await joinNetworks(target(), instance(other));
        progress(`nodes of ${target().number} and ${other} reach each other`);
    });
program
    .command("build")
    .description("builds programs (default: what a cluster needs, and the images), starts nothing")
    .argument("[program...]")
    .action(async (names: string[]) => {
        if (names.length === 0) await buildAll();
        for (const name of names) console.log(await ensureBinary(name));
    });

async function changeNode(action: keyof typeof NODE_ACTIONS, name: string): Promise<void> {
    const node = nodeNamed(target(), name);
    await locked(target(), () => NODE_ACTIONS[action](target(), node));
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

/** Runs a command with this process's terminal and exit status. */
function passThrough([command, ...args]: string[]): void {
    const { status, error } = spawnSync(command!, args, { stdio: "inherit" });
    if (error) throw error;
    process.exitCode = status ?? 1;
}

program.parseAsync().catch((error: unknown) => {
    console.error(`sandbox: ${messageOf(error)}`);
    process.exitCode = 1;
});
