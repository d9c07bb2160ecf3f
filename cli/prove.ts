/** `cilium-spire prove`: authentication shown on a cluster, with pods of its own. */
import { Argument, Command, Option } from "commander";
import { imageAt } from "../components/images";
import { proveOnStage } from "../doctor/proof/onStage";
import { AGNHOST } from "../doctor/proof/stage";
import { type ExitCode, say, stackName, stdinOption, waitOption } from "./arguments";
import { onInterrupt } from "./interrupt";
import {
    authorityOf,
    type Place,
    type PlaceOptions,
    placeOf,
    requirePlace,
    withPlace,
} from "./place";

interface Options extends PlaceOptions {
    image?: string;
    namespace?: string;
    pullSecret: string[];
    podsWait: number;
    wait: number;
}

export function prove(end: (code: ExitCode) => void): Command {
    const stack = new Argument("[stack]", "name of a stack; without one, the cluster is asked");
    const verb = new Command("prove")
        .description(
            "show that pods authenticate, on one node and across nodes, and that a stranger is blocked, with short-lived pods of its own",
        )
        .addArgument(stack.argParser(stackName));
    return withPlace(verb)
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
function requireSense(stack: string | undefined, options: Options, command: Command): void {
    requirePlace(stack, options, command);
    if (options.pullSecret.length > 0 && options.namespace === undefined) {
        command.error("error: --pull-secret needs --namespace, where the Secret is");
    }
}

/** One that was named is taken as written, like every image that the configuration names. */
function imageOf({ stack }: Place, { image }: Options): string {
    if (image !== undefined || stack === undefined) return image ?? AGNHOST;
    return imageAt(stack.settings.images.registry, AGNHOST);
}

async function proveOn(place: Place, options: Options): Promise<ExitCode> {
    const authority = await authorityOf(place);
    const image = imageOf(place, options);
    const { namespace, pullSecret: pullSecrets, podsWait, wait } = options;
    const deadlines = { podsWaitMs: podsWait * 1000, waitMs: wait * 1000 };
    const stage = { image, namespace, pullSecrets, ...deadlines };
    const interrupted = onInterrupt();
    const verdict = await proveOnStage(place.cluster, authority, {
        ...stage,
        onStep: say,
        interrupted,
    });
    if ("refuted" in verdict) {
        console.log(`NOT PROVEN: ${verdict.refuted}\nWhy: cilium-spire doctor`);
        return 1;
    }
    for (const { what, seen } of verdict.evidence) console.log(`${what}: ${seen}.`);
    return 0;
}
