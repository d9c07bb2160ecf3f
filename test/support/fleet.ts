/** A project as a user has it, with a stack on each of two clusters, and `cilium-spire fleet` in it. */
import { readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { ensureBinary } from "../../sandbox/build/binaries";
import { run } from "../../sandbox/host/shell";
import { mergeValues, type Values } from "../../settings/cilium/values";
import { clone } from "./clone";

/** Has a state already: `dev` is the stack of all tests. */
export const STACKS = ["dev", "other"] as const;
export type StackName = (typeof STACKS)[number];

interface StackFile {
    config: Values;
}

export interface Ended {
    code: number | undefined;
    /** Standard output and standard error. */
    output: string;
}

export class FleetProject {
    private constructor(
        readonly dir: string,
        private readonly base: StackFile,
    ) {}

    /**
     * Makes the project, and the stack `other` in the backend.
     *
     * @param dir exists and is empty.
     * @param devFile of the stack `dev` as the tests have it.
     */
    static async make(dir: string, devFile: string): Promise<FleetProject> {
        await clone(dir);
        const base = parse(await readFile(devFile, "utf8")) as StackFile;
        await run("pulumi", ["stack", "init", "other", "--no-select"], { cwd: dir });
        return new FleetProject(dir, base);
    }

    /** Writes the file of a stack: that of `dev`, with some configuration over it. */
    async configure(stack: StackName, config: Values): Promise<void> {
        const file = join(this.dir, `Pulumi.${stack}.yaml`);
        // Pulumi has written there how secrets are encrypted.
        const kept = stack === "other" ? await readFile(file, "utf8").catch(() => "") : "";
        const text = { ...this.base, ...(parse(kept) as object | null) };
        await writeFile(
            file,
            stringify({ ...text, config: mergeValues(this.base.config, config) }),
        );
    }

    /** Runs `cilium-spire fleet` with a file of these waves. */
    async fleet(action: "preview" | "up", waves: string[][], ...args: string[]): Promise<Ended> {
        await writeFile(join(this.dir, "fleet.yaml"), stringify({ waves }));
        const host = dirname(await ensureBinary("pulumi-language-nodejs"));
        const program = join(this.dir, "cli", "run.js");
        const command = [program, "fleet", action, "fleet.yaml", ...args];
        const { exitCode, all } = await execa(process.execPath, command, {
            ...{ cwd: this.dir, reject: false, all: true, timeout: 600_000 },
            env: {
                PATH: [host, process.env.PATH].join(delimiter),
                // Two dozen runs of a program whose types the build has checked.
                PULUMI_NODEJS_TRANSPILE_ONLY: "true",
                NO_COLOR: "1",
            },
        });
        return { code: exitCode, output: all };
    }

    /** Forgets the stack `other`, whose cluster is gone. */
    async forget(): Promise<void> {
        const stack = ["stack", "rm", "other", "--yes", "--force", "--preserve-config"];
        await run("pulumi", stack, { cwd: this.dir });
    }
}
