/** Everything that is not a registration entry: which resources change, and in what. */
import { type Preview, type Step, type Tree } from "./preview";
import { type Difference, differences, isTree } from "./values";

export type Op = "create" | "update" | "replace" | "delete";

/** What would be done to one resource. */
export interface ResourceChange {
    op: Op;
    /** As the cluster calls it, `DaemonSet`; for what is no object of it, the last part of Pulumi's type. */
    kind: string;
    /** `namespace/name`, or the name alone. */
    name: string;
    type: string;
    /** For an update or a replacement. */
    differences: Difference[];
    /** Paths that make it a replacement. */
    replacing: string[];
    inputs: { old?: Tree; new?: Tree };
}

const OPS: Record<string, Op> = {
    create: "create",
    import: "create",
    "import-replacement": "replace",
    update: "update",
    replace: "replace",
    delete: "delete",
};

/** Stands for others, or for how they are reached; their own creation tells nothing. */
const PROVIDER = /^pulumi:providers:/;
/** Its content is nobody's business, whatever Pulumi knows of it. */
const SECRETIVE = ["data", "stringData"];
/** Waits for what others write, and says so in hashes. */
const WAITING = /:Rollout$/;
/** Looks at the cluster, after an `up` that changed what it looks at: its triggers hold all of that. */
const LOOKING = "command:local:Command";

/** The change of a step; undefined when it changes nothing that a reviewer would look at. */
function resourceChange(step: Step): ResourceChange | undefined {
    const op = OPS[step.op];
    const one = step.new ?? step.old;
    if (!op || !one?.custom || (op === "create" && PROVIDER.test(step.type))) return undefined;
    const { kind, metadata } = one.inputs;
    const { name, namespace } = isTree(metadata) ? metadata : {};
    const named = typeof name === "string" ? name : step.name;
    return {
        op,
        kind: typeof kind === "string" ? kind : step.type.split(":").at(-1)!,
        name: typeof namespace === "string" ? `${namespace}/${named}` : named,
        type: step.type,
        differences: op === "update" || op === "replace" ? differencesOf(step) : [],
        replacing: step.replacing,
        inputs: {
            ...(step.old && { old: step.old.inputs }),
            ...(step.new && { new: step.new.inputs }),
        },
    };
}

/** True for the doctor and the proof, when nothing of their own has changed. */
export function isLook({ type, differences }: ResourceChange): boolean {
    return type === LOOKING && differences.every(({ path }) => path === "triggers");
}

/** Changes of all resources but those that `isOther` leaves to somebody else, in Pulumi's order. */
export function resourceChanges(
    { steps }: Preview,
    isOther: (step: Step) => boolean,
): ResourceChange[] {
    return steps.flatMap((step) => (isOther(step) ? [] : (resourceChange(step) ?? [])));
}

function differencesOf(step: Step): Difference[] {
    if (WAITING.test(step.type)) return [];
    const found = differences(step.old?.inputs, step.new?.inputs);
    const isSecret = (step.new ?? step.old)?.inputs.kind === "Secret";
    if (step.type === LOOKING) {
        return [...new Set(found.map(({ path }) => path.replace(/[.[].*/, "")))].map((path) => ({
            path,
        }));
    }
    const visible = found.map(({ path, ...values }) =>
        isSecret && SECRETIVE.some((key) => path.startsWith(key)) ? { path } : { path, ...values },
    );
    // Not the program's doing: the object, or a secret in it.
    return visible.length > 0 ? visible : step.paths.map((path) => ({ path }));
}
