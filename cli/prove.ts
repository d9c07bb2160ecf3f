/** `cilium-spire prove`: authentication shown on a cluster, with pods of its own. */
import { Cluster } from "@cilium-spire/entries-provider";
import { Argument, Command, Option } from "commander";
import { clusterChoice } from "../components/clusterChoice";
import { spireServerRef } from "../components/entries/args";
import { imageAt } from "../components/images";
import { type Authority, discoverAuthority } from "../doctor/discovery";
import { proveOnStage } from "../doctor/proof/onStage";
import { AGNHOST } from "../doctor/proof/stage";
import { configuredStack, type ExitCode, stackName, stdinOption, waitOption } from "./arguments";

interface Options {
    context?: string;
    kubeconfig?: string;
    image?: string;
    namespace?: string;
    pullSecret: string[];
    podsWait: number;
    wait: number;
    stdin: boolean;
}

export function prove(end: (code: ExitCode) => void): Command {
    const stack = new Argument("[stack]", "name of a stack; without one, the cluster is asked");
    return new Command("prove")
        .description(
            "show that pods authenticate, on one node and across nodes, and that a stranger is blocked, with short-lived pods of its own",
        )
        .addArgument(stack.argParser(stackName))
        .option("--context <name>", "kubeconfig context, where no stack says it")
        .option("--kubeconfig <file>", "kubeconfig file, where no stack says it")
        .option("--image <image>", `an image with /agnhost (default: ${AGNHOST})`)
        .option(
            "--namespace <name>",
            "a namespace that is there, instead of one that is made and removed",
        )
        .addOption(
            new Option(
                "--pull-secret <name...>",
                "Secrets in that namespace, to pull the image with",
            ).default([], "none"),
        )
        .addOption(waitOption("--pods-wait", "deadline for the pods to be Ready", 120))
        .addOption(waitOption("--wait", "deadline for the first packet of each client", 120))
        .addOption(stdinOption())
        .action(async (name: string | undefined, options: Options, command: Command) => {
            requireSense(name, options, command);
            end(await proveOn(await placeOf(name, options), options));
        });
}

/** @throws CommanderError for options that would be without effect. */
function requireSense(
    stack: string | undefined,
    { context, kubeconfig, namespace, pullSecret, stdin }: Options,
    command: Command,
): void {
    if (stack !== undefined && (context ?? kubeconfig) !== undefined) {
        command.error(
            "error: --context and --kubeconfig are for clusters without a stack; a stack has kubeContext and kubeconfig",
        );
    }
    if (stack === undefined && stdin) command.error("error: --stdin needs the name of the stack");
    if (pullSecret.length > 0 && namespace === undefined) {
        command.error("error: --pull-secret needs --namespace, where the Secret is");
    }
}

/** Where to prove, and with which image. */
interface Place {
    cluster: Cluster;
    authority: Authority;
    image: string;
}

async function placeOf(stack: string | undefined, options: Options): Promise<Place> {
    const { image = AGNHOST } = options;
    if (stack === undefined) {
        const { context, kubeconfig } = options;
        const cluster = new Cluster({
            ...(context !== undefined && { context }),
            ...(kubeconfig !== undefined && { kubeconfig }),
        });
        return { cluster, authority: await discoverAuthority(cluster), image };
    }
    const { settings } = await configuredStack(stack, options.stdin);
    const { trustDomain, images } = settings;
    return {
        cluster: new Cluster(clusterChoice(settings)),
        authority: { trustDomain, spireServer: spireServerRef(settings) },
        // One that was named is taken as written, like every image that the configuration names.
        image: options.image ?? imageAt(images.registry, image),
    };
}

async function proveOn({ cluster, authority, image }: Place, options: Options): Promise<ExitCode> {
    const { namespace, pullSecret: pullSecrets, podsWait, wait } = options;
    const deadlines = { podsWaitMs: podsWait * 1000, waitMs: wait * 1000 };
    const stage = { image, namespace, pullSecrets, ...deadlines };
    const interrupted = onInterrupt();
    const verdict = await proveOnStage(cluster, authority, { ...stage, onStep: say, interrupted });
    if ("refuted" in verdict) {
        console.log(`NOT PROVEN: ${verdict.refuted}\nWhy: cilium-spire doctor`);
        return 1;
    }
    for (const { what, seen } of verdict.evidence) console.log(`${what}: ${seen}.`);
    return 0;
}

/** Rejects at Ctrl-C, so that the pods are removed; a second one ends the process. */
function onInterrupt(): Promise<never> {
    return new Promise((_, reject) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) {
            process.once(signal, () => reject(new Error(`ended by ${signal}`)));
        }
    });
}

/** Progress, which is not the result. */
function say(text: string): void {
    console.error(`${text} ...`);
}
