/** Checks command lines against what the real programs say of themselves with `--help`. */
import { execa } from "execa";
import { ensureBinary } from "../../../sandbox/build/binaries";

/** Programs that can be asked, and what prints the flags that all of a program's commands take. */
const GLOBAL_FLAGS: Record<string, string[]> = {
    kubectl: ["options"],
    helm: ["--help"],
    crane: ["--help"],
    pulumi: ["--help"],
    "spire-server": ["-h"],
};

/** A line that tells of a flag, perhaps after its one-letter form. */
const FLAG_LINE = /^\s+-/;
const COMMAND_LINE = /^ {2,4}([a-z][\w-]*)(?: {2,}.*)?$/;

/** Whether {@link misused} knows the program. */
export function hasHelp(program: string): boolean {
    return program in GLOBAL_FLAGS;
}

/** Why the program would refuse these arguments, or undefined when it knows them; those after `--` are not its own. */
export async function misused(program: string, args: string[]): Promise<string | undefined> {
    const command: string[] = [];
    const flags: string[] = [];
    let subcommands = commandsIn(await help(program, []));
    let valueMayFollow = false;
    /** Aliases are in no list. Of a word that is none, a program says so, or it answers as if without it. */
    const isAlias = async (word: string) => {
        const text = valueMayFollow ? "" : await help(program, [...command, word]);
        return text && !text.includes("unknown") && text !== (await help(program, command));
    };
    for (const word of args) {
        if (word === "--") break;
        if (word.startsWith("-") && word !== "-") {
            flags.push(word.split("=")[0]!);
            valueMayFollow = !word.includes("=");
            continue;
        }
        if (subcommands.has(word) || (subcommands.size > 0 && (await isAlias(word)))) {
            command.push(word);
            subcommands = commandsIn(await help(program, command));
        } else if (subcommands.size > 0 && !valueMayFollow) {
            return `${[program, ...command].join(" ")} has no command "${word}"`;
        }
        valueMayFollow = false;
    }
    const known = [await help(program, command), await output(program, GLOBAL_FLAGS[program]!)];
    const unknown = flags.find((flag) => !known.some((text) => takes(text, flag)));
    return unknown && `${[program, ...command].join(" ")} has no flag ${unknown}`;
}

function commandsIn(text: string): Set<string> {
    const lines = text.split("\n").map((line) => COMMAND_LINE.exec(line)?.[1]);
    return new Set(lines.filter((name) => name !== undefined));
}

/** Whether a help text lists a flag; `-it` stands for `-i -t`. */
function takes(text: string, flag: string): boolean {
    const lines = text.split("\n").filter((line) => FLAG_LINE.test(line));
    const listed = (name: string) =>
        lines.some((line) =>
            line.split(/[\s,=[]+/).some((word) => word.replace(/:$/, "") === name),
        );
    const letters = /^-[a-z]{2}$/.test(flag) ? [`-${flag[1]!}`, `-${flag[2]!}`] : [];
    return listed(flag) || (letters.length > 0 && letters.every(listed));
}

function help(program: string, command: string[]): Promise<string> {
    return output(program, [...command, program === "spire-server" ? "-h" : "--help"]);
}

const outputs = new Map<string, Promise<string>>();

/** What a program prints, on whichever stream; asked once. */
function output(program: string, args: string[]): Promise<string> {
    const key = [program, ...args].join(" ");
    const asked = outputs.get(key) ?? run(program, args);
    outputs.set(key, asked);
    return asked;
}

async function run(program: string, args: string[]): Promise<string> {
    const binary = await ensureBinary(program);
    const env = { PULUMI_SKIP_UPDATE_CHECK: "true" };
    const options = { env, stdin: "ignore", timeout: 30_000, all: true, reject: false } as const;
    const { all } = await execa(binary, args, options);
    if (!all) throw new Error(`${program} ${args.join(" ")} printed nothing`);
    return all;
}
