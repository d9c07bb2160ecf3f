/** What a command line of the documentation may be: every program has a rule, and an unknown one is a fault. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import { commandLine } from "../../../cli/main";
import { ensureBinary } from "../../../sandbox/build/binaries";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { ciliumSource } from "../../support/ciliumSource";
import { hasHelp, misused } from "./helpText";
import { allBlocks, read } from "../../support/markdown";
import type { Command } from "./shell";
import { isKey } from "./settingKeys";

/** Why the command cannot be right, or undefined. */
type Rule = (args: string[]) => string | undefined | Promise<string | undefined>;

/**
 * Programs that are not built here: commands that the documentation uses, with the flags it uses. Read, not run, in
 * Cilium's own documentation (1.19, gettingstarted/k8s-install-default.rst); --num-nodes in that of gcloud.
 */
const READ_NOT_RUN: Record<string, string[]> = {
    "docker build": ["--tag"],
    "docker push": [],
    "kind create cluster": ["--config"],
    "eksctl create cluster": ["-f"],
    "gcloud container clusters create": ["--zone", "--num-nodes", "--node-taints"],
    "gcloud container clusters get-credentials": ["--zone"],
    "gcloud container clusters describe": ["--zone", "--format"],
};

/** Words of the shell, and programs whose arguments cannot be checked more than for their files. */
const PLAIN = [
    ...[
        "cat",
        "cd",
        "cp",
        "export",
        "git",
        "grep",
        "ls",
        "printf",
        "sh",
        "sleep",
        "sort",
        "tail",
        "tar",
    ],
    // test/operations/53-scheduled-backup.test.ts and 54-database-backup.test.ts run what they are told.
    ...["openssl", "pg_restore"],
    // Those of the test image; test/operations/16-tutorial.test.ts runs them.
    ...["agnhost", "netexec", "pause"],
];

const RULES: Record<string, Rule> = {
    "cilium-dbg": async (args) => {
        const words = args.filter((arg) => !arg.startsWith("-"));
        const name = ["cilium-dbg", ...words].join("_");
        const file = join(await ciliumSource(), "Documentation", "cmdref", `${name}.md`);
        if (!existsSync(file)) return `there is no command ${name}`;
        const options = readFileSync(file, "utf8");
        const flags = args.filter((arg) => arg.startsWith("-")).map((arg) => arg.split("=")[0]!);
        const unknown = flags.find((flag) => !options.includes(` ${flag} `));
        return unknown && `${name} has no option ${unknown}`;
    },
    // It says what it would ask for, and asks nobody.
    hubble: async (args) => {
        const words = [...args, "--print-raw-filters"];
        const { failed, stderr } = await execa(await ensureBinary("hubble"), words, {
            reject: false,
        });
        return failed ? stderr : undefined;
    },
    // As blocks define it once for all that follow.
    spire: (args) => misused("spire-server", args),
    make: (args) => {
        const makefile = read("Makefile");
        const wrong = args.find((arg) =>
            arg.includes("=")
                ? !read("sandbox/build/versions.ts").includes(`\`${arg.split("=")[0]!}\``)
                : !new RegExp(`^${arg}:`, "m").test(makefile),
        );
        return wrong && `the Makefile has no ${wrong}`;
    },
    npm: (args) => {
        const [verb, ...rest] = args;
        if (verb === "ci") return undefined;
        // Folders with a package.json, of which one is looked at by the rule for files.
        // What the package asks for, and itself.
        if (verb === "install") {
            const { name, peerDependencies } = JSON.parse(read("package/package.json")) as {
                name: string;
                peerDependencies: object;
            };
            return rest.find((word) => word !== name && !Object.hasOwn(peerDependencies, word));
        }
        if (verb === "pack") return rest.find((folder) => !exists(`${folder}/package.json`));
        if (verb !== "run") return `npm ${verb ?? ""} is not used here`;
        const words = rest.filter((word) => word !== "-s");
        const { scripts } = JSON.parse(read("package.json")) as { scripts: object };
        if (!Object.hasOwn(scripts, words[0]!)) return `package.json has no script ${words[0]!}`;
        return words[0] === "sandbox" ? sandboxProblem(words.slice(1)) : undefined;
    },
    npx: ([program, verb, ...args]) => {
        if (program !== "cilium-spire") return `npx ${program ?? ""} is not used here`;
        const command = commandLine(() => undefined).commands.find((c) => c.name() === verb);
        if (!command) return `cilium-spire has no verb ${verb ?? ""}`;
        const known = command.options.map(({ long }) => long);
        const unknown = args.find((arg) => arg.startsWith("-") && !known.includes(arg));
        return unknown && `cilium-spire ${verb!} has no option ${unknown}`;
    },
};

/** Why a command is wrong, or undefined; `made` are the files that its document tells to make. */
export async function problemOf(
    { words: [path, ...args] }: Command,
    made: Set<string>,
): Promise<string | undefined> {
    const program = basename(path!);
    const missing = args.find((arg) => isFile(arg) && !made.has(arg) && !exists(arg));
    if (missing !== undefined && !(program === "cp" && missing === args.at(-1))) {
        return `there is no file ${missing}`;
    }
    const rule = RULES[program];
    if (rule) return rule(args);
    if (PLAIN.includes(program)) return undefined;
    if (!hasHelp(program)) return problemAsRead([program, ...args]);
    const problem = await misused(program, args);
    if (problem !== undefined) return problem;
    if (program === "pulumi") return pulumiProblem(args, made);
    const inContainer = args.indexOf("--");
    return inContainer < 0
        ? undefined
        : problemOf({ at: "", words: args.slice(inContainer + 1) }, made);
}

/** Files that the blocks of a document tell to make: by `cp`, by an option `--write`, or as a block that begins with the name in a comment. */
export function filesMadeIn(document: string, commands: Command[]): Set<string> {
    const named = allBlocks()
        .filter(({ file }) => file === document)
        .map(({ text }) => /^(?:#|\/\/) (\S+\.\w+)\b/.exec(text)?.[1]);
    const copied = commands
        .filter(({ words }) => words[0] === "cp")
        .map(({ words }) => words.at(-1));
    const written = commands
        .filter(({ words }) => words.includes("--write"))
        .map(({ words }) => words[words.indexOf("--write") + 1]);
    return new Set([...named, ...copied, ...written].filter((name) => name !== undefined));
}

function problemAsRead(words: string[]): string | undefined {
    const line = words.join(" ");
    const known = Object.keys(READ_NOT_RUN).find((command) => `${line} `.startsWith(`${command} `));
    if (known === undefined) return `no rule knows "${line}"`;
    const flags = words.filter((word) => word.startsWith("-")).map((word) => word.split("=")[0]!);
    const unknown = flags.find((flag) => !READ_NOT_RUN[known]!.includes(flag));
    return unknown && `no rule knows the flag ${unknown} of "${known}"`;
}

/** Configuration keys and stacks, of which the program's help knows nothing. */
function pulumiProblem(args: string[], made: Set<string>): string | undefined {
    const stackFlag = args.findIndex((arg) => arg === "-s" || arg === "--stack");
    const stack = args[0] === "stack" && args[1] === "init" ? args[2] : args[stackFlag + 1];
    const file = `Pulumi.${stack ?? ""}.yaml`;
    const named = stackFlag >= 0 || args[1] === "init";
    if (named && !made.has(file) && !exists(file)) return `there is no ${file}`;
    const key = args.find((arg) => arg.startsWith("cilium-spire:"));
    if (key === undefined || isKey(key.replace("cilium-spire:", ""))) return undefined;
    return `${key} is not a key of this program`;
}

/** The verbs of the sandbox, as its usage lists them. */
async function sandboxProblem(args: string[]): Promise<string | undefined> {
    const words = args.filter((arg, i) => arg !== "--" && i < 3);
    if (words[0] === "--instance") words.splice(0, 2);
    usage ??= usageOfSandbox();
    const known = (await usage).some((line) => line.startsWith(`  ${words[0] ?? ""} `));
    return known ? undefined : `the sandbox has no verb ${words[0] ?? ""}`;
}

let usage: Promise<string[]> | undefined;
async function usageOfSandbox(): Promise<string[]> {
    const program = join(repositoryRoot, "bin/sandbox/cli.js");
    const { exitCode, stderr } = await execa("node", [program], { reject: false });
    if (exitCode !== 2) throw new Error("the sandbox without a verb should fail with its usage");
    return stderr.split("\n");
}

const isFile = (word: string) => /^[\w./-]+\.(ya?ml|json|ts|md|conf)$/.test(word);
const exists = (path: string) => existsSync(join(repositoryRoot, path));
