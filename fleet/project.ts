/** The project of the current folder, and what the engine does with its stacks. */
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { type EngineEvent, LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { withoutCli } from "../gitops/engine";
import { previewOfEvents } from "../review/preview";
import { type Review, reviewOf } from "../review/review";
import { progressOf } from "./progress";

/** What an operation of the engine did, or would do. */
export interface Operation {
    review: Review;
    /** Why it failed; none when it did not. */
    errors: string[];
}

/** Options of an operation. */
export interface Doing {
    /** Told of what takes long, when it is done. */
    say: (line: string) => void;
    /** Cancels it, as Ctrl-C does. */
    cancel: AbortSignal;
}

/** A project whose program runs by itself, as `pulumi up` runs it. */
export class Project {
    private constructor(
        private readonly workspace: LocalWorkspace,
        /** Names of the stacks that the backend has. */
        readonly known: ReadonlySet<string>,
    ) {}

    /** That of the current folder. @throws Error when there is no CLI, or the backend does not answer it. */
    static async open(): Promise<Project> {
        try {
            const workspace = await LocalWorkspace.create({ workDir: process.cwd() });
            // Every command names its stack; which one the user has selected is not ours to change.
            workspace.selectStack = () => Promise.resolve();
            const found = await workspace.listStacks();
            // Those of an organization are `organization/stack`.
            const known = new Set(found.map(({ name }) => name.split("/").at(-1)!));
            return new Project(workspace, known);
        } catch (error) {
            const message = messageOf(error);
            throw new Error(withoutCli(message) ?? lastWords(message));
        }
    }

    /** One that the backend has. */
    async stack(name: string): Promise<Stack> {
        return await Stack.select(name, this.workspace);
    }
}

export async function preview(stack: Stack, doing: Doing): Promise<Operation> {
    return await watched(doing, (options) => stack.preview(options));
}

export async function up(stack: Stack, doing: Doing): Promise<Operation> {
    return await watched(doing, (options) => stack.up(options));
}

interface Options {
    onEvent: (event: EngineEvent) => void;
    onError: (text: string) => void;
    signal: AbortSignal;
}

async function watched(
    { say, cancel: signal }: Doing,
    run: (options: Options) => Promise<unknown>,
): Promise<Operation> {
    const events: EngineEvent[] = [];
    let stderr = "";
    const onEvent = (event: EngineEvent) => {
        events.push(event);
        const line = progressOf(event);
        if (line !== undefined) say(line);
    };
    const onError = (text: string) => (stderr += text);
    const failure = await run({ onEvent, onError, signal }).then(
        () => undefined,
        (error: unknown) => lastWords(stderr || messageOf(error)),
    );
    const review = reviewOf(previewOfEvents(events));
    if (failure === undefined) return { review, errors: [] };
    const errors = review.errors.map(plain).filter((text) => !FRAME.test(text));
    // What the CLI says before the engine runs is no event.
    return { review, errors: errors.length > 0 ? errors : [failure] };
}

/** What the engine says of the whole, after what is wrong in it. */
const FRAME = /^(update|preview) failed$/;

function plain(text: string): string {
    return text.replace(/^1 error occurred:\s+\* /, "").trim();
}

/** Of what the CLI printed: its errors, or the end. */
function lastWords(printed: string): string {
    const errors = printed.match(/^\s*error: .*$/gm);
    const lines = errors ?? printed.split("\n").filter((line) => line.trim() !== "");
    return lines
        .slice(-5)
        .map((line) => line.trim())
        .join("\n");
}
