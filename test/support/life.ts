/** A dynamic resource's life as the engine leads it: what it asks the provider, and what it keeps of the answers. */
import type { agentEntries } from "@cilium-spire/entries-provider";

type Provider = typeof agentEntries;
type Properties = Parameters<Provider["create"]>[0];
type Args = Parameters<Provider["check"]>[1];

/** What a preview shows. */
export interface Preview {
    inputs: Properties;
    failures: string[];
    /** True when an `up` would change something. */
    changes: boolean;
    /** What the provider wrote. */
    warnings: string;
}

/** A resource of a stack, and its state. */
export class Life<A extends object = Args> {
    private id?: string;
    private inputs?: Properties;
    /** As the state has them: undefined when the resource is not in it. */
    outs?: Properties;

    constructor(
        private readonly provider: Provider,
        public args: A,
    ) {}

    async preview(): Promise<Preview> {
        const { result, warnings } = await listening(() =>
            this.provider.check(this.inputs ?? {}, this.args as unknown as Args),
        );
        const inputs = asSent(result.inputs);
        const { changes } = this.outs
            ? await this.provider.diff(this.id!, asSent(this.outs), inputs)
            : { changes: true };
        return { inputs, failures: result.failures.map((f) => f.reason), changes, warnings };
    }

    /**
     * @returns what was warned of while entries were written.
     * @throws the provider's error, after the state has what came with it.
     */
    async up(): Promise<string> {
        const { inputs, changes } = await this.preview();
        if (!changes) return "";
        try {
            const { result, warnings } = await listening(() => this.write(inputs));
            this.keep(this.id ?? inputs.idPrefix, inputs, result.outs);
            return warnings;
        } catch (error) {
            const { id, properties } = error as { id?: string; properties?: Properties };
            if (id !== undefined) this.keep(id, inputs, properties!);
            throw error;
        }
    }

    /** An `up` whose process ends in the middle: nothing of its answer is kept. */
    async killed(): Promise<void> {
        const { inputs } = await this.preview();
        await this.write(inputs).catch(() => undefined);
    }

    async refresh(): Promise<void> {
        const read = await this.provider.read(this.id!, asSent(this.outs!));
        if (read.id === undefined) delete this.outs;
        else this.outs = asSent(read.props);
    }

    async destroy(): Promise<void> {
        await this.provider.delete(this.id!, asSent(this.outs!));
        delete this.outs;
    }

    private write(inputs: Properties): Promise<{ outs: Properties }> {
        if (!this.outs) return this.provider.create(inputs);
        return this.provider.update(this.id!, asSent(this.outs), inputs);
    }

    private keep(id: string, inputs: Properties, outs: Properties): void {
        this.id = id;
        this.inputs = inputs;
        this.outs = asSent(outs);
    }
}

/** Properties go to and from the engine as text. */
function asSent<T extends object>(properties: T): T {
    return JSON.parse(JSON.stringify(properties)) as T;
}

/** Runs something of the provider, and catches what it writes for the engine to show. */
async function listening<T>(act: () => Promise<T>): Promise<{ result: T; warnings: string }> {
    const { warn } = console;
    const lines: string[] = [];
    console.warn = (line: string) => void lines.push(line);
    try {
        return { result: await act(), warnings: lines.join("\n") };
    } finally {
        console.warn = warn;
    }
}
