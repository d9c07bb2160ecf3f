/** A fleet: stacks of a project that are brought up in waves, each on a cluster of its own. */
import { existsSync, readFileSync } from "node:fs";
import { ClusterUnreachable } from "@cilium-spire/entries-provider";
import type { Stack } from "@pulumi/pulumi/automation";
import { examineUntilHealthy, isWrong, type Result } from "../doctor/examination/examine";
import { projectName } from "../doctor/stackFile";
import { type Member, membersOf } from "./members";
import { type Doing, type Operation, preview, Project, up } from "./project";
import { eachOf, type Outcome, rollOut } from "./rollout";
import { placesIn, type Waves, wavesOf } from "./waves";

/** Options of what is done with all stacks. */
export interface Undertaking {
    /** How many the engine works on at once. */
    parallel: number;
    /** Told what happens to a stack. */
    say: (stack: string, line: string) => void;
    /** When it is aborted, nothing more is begun. */
    stop: AbortSignal;
    /** When it is aborted, what runs is cancelled. */
    cancel: AbortSignal;
}

/** Options of {@link Fleet.up}. */
export interface Rollout extends Undertaking {
    /** Seconds that a wave's clusters have to become healthy. */
    wait: number;
    onWave: (number: number, stacks: readonly string[]) => void;
    onUp: (stack: string, operation: Operation) => void;
    onHealthy: (stack: string, results: readonly Result[]) => void;
    /** What is wrong, in words. */
    findings: (results: readonly Result[]) => string;
}

export class Fleet {
    private constructor(
        readonly waves: Waves,
        private readonly members: ReadonlyMap<string, Member>,
        private readonly stacks: ReadonlyMap<string, Stack>,
    ) {}

    /**
     * Opens the fleet of a file, and looks at nothing but files and the backend.
     *
     * @throws Error that lists what is wrong, by its place in the file.
     */
    static async open(file: string): Promise<Fleet> {
        const project = projectName();
        if (!existsSync(file)) {
            throw new Error(
                `${file} does not exist; write "waves: [[canary], [eu-1, eu-2]]" into it, with the names of your stacks`,
            );
        }
        const waves = wavesOf(readFileSync(file, "utf8"), file);
        const home = await Project.open();
        const members = membersOf(waves, { file, project, known: home.known });
        const stacks = [...members.keys()].map(
            async (name) => [name, await home.stack(name)] as const,
        );
        return new Fleet(waves, members, new Map(await Promise.all(stacks)));
    }

    /** A preview of every stack; those that `stop` came before are left out. */
    async previews(options: Undertaking): Promise<Map<string, Operation>> {
        const names = placesIn(this.waves).map(({ stack }) => stack);
        const found = new Map<string, Operation>();
        await eachOf(names, options.parallel, async (name) => {
            if (options.stop.aborted) return;
            const stack = this.stacks.get(name)!;
            // Nothing is done, so there is nothing to say before the end.
            found.set(name, await preview(stack, { ...doing(name, options), say: () => {} }));
        });
        return new Map(
            names.flatMap((name) => (found.has(name) ? [[name, found.get(name)!]] : [])),
        );
    }

    /** Brings up wave after wave, each when the doctor finds nothing wrong with the clusters of the one before. */
    async up(options: Rollout): Promise<Outcome> {
        const { parallel, stop, onWave, onUp, onHealthy, findings, wait } = options;
        return await rollOut(this.waves, {
            ...{ parallel, stop, onWave },
            up: async (name) => {
                const operation = await up(this.stacks.get(name)!, doing(name, options));
                if (operation.errors.length > 0) return operation.errors.join("\n");
                onUp(name, operation);
                return undefined;
            },
            gate: async (name) => {
                const say = (line: string) => options.say(name, line);
                try {
                    const results = await examineUntilHealthy({
                        ...this.members.get(name)!,
                        ...{ wait, say },
                    });
                    if (results.some(isWrong)) return findings(results);
                    onHealthy(name, results);
                    return undefined;
                } catch (error) {
                    if (error instanceof ClusterUnreachable) return error.message;
                    throw error;
                }
            },
        });
    }
}

function doing(name: string, { say, cancel }: Undertaking): Doing {
    return { say: (line) => say(name, line), cancel };
}
