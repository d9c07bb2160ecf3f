/**
 * What `pulumi preview --json` prints, read into one form: the digest, a single document, or the events that it prints
 * with PULUMI_ENABLE_STREAMING_JSON_PREVIEW, which are those of `--event-log` too.
 */
import { z } from "zod";

export type Tree = Record<string, unknown>;

/** A resource as it is, or as it would be. */
export interface State {
    /** Without it the resource is a component, which stands for others. */
    custom: boolean;
    inputs: Tree;
    outputs: Tree;
}

/** What would be done to a resource. */
export interface Step {
    /** Pulumi's word: `create`, `update`, `replace`, `same` ... */
    op: string;
    urn: string;
    type: string;
    name: string;
    old?: State | undefined;
    new?: State | undefined;
    /** Paths that the provider says differ, where it tells. */
    paths: string[];
    /** Properties that make it a replacement. */
    replacing: string[];
}

export interface Preview {
    project?: string;
    stack?: string;
    steps: Step[];
    /** Of resources, components included. */
    unchanged: number;
    errors: string[];
    warnings: string[];
    /** False when the preview ended before it had looked at everything. */
    complete: boolean;
}

const strings = z.array(z.string()).nullish();
const tree = z.record(z.string(), z.unknown()).nullish();
const state = z.object({ custom: z.boolean().optional(), inputs: tree, outputs: tree }).nullish();
const paths = z.record(z.string(), z.unknown()).nullish();

const digest = z.object({
    steps: z
        .array(
            z.object({
                op: z.string(),
                urn: z.string(),
                oldState: state,
                newState: state,
                detailedDiff: paths,
                diffReasons: strings,
                replaceReasons: strings,
            }),
        )
        .nullish(),
    diagnostics: z
        .array(z.object({ message: z.string().optional(), severity: z.string().optional() }))
        .nullish(),
    changeSummary: z.record(z.string(), z.number()).nullish(),
});

const event = z.object({
    sequence: z.number(),
    diagnosticEvent: z
        .object({
            message: z.string(),
            severity: z.string(),
            prefix: z.string().optional(),
            ephemeral: z.boolean().optional(),
        })
        .nullish(),
    resourcePreEvent: z
        .object({
            metadata: z.object({
                op: z.string(),
                urn: z.string(),
                old: state,
                new: state,
                keys: strings,
                diffs: strings,
                detailedDiff: paths,
            }),
        })
        .nullish(),
    summaryEvent: z
        .object({ resourceChanges: z.record(z.string(), z.number()).nullish() })
        .nullish(),
});

/** About the machine of the preview, and nothing that it would change. */
const OF_MACHINE = /^using pulumi-[\w-]+ from \$PATH at /;
/** The parts of a replacement, beside the step that says `replace`. */
const PARTS = new Set(["create-replacement", "delete-replaced", "discard-replaced"]);

/**
 * Reads what a preview printed.
 *
 * @throws Error that says what the text is instead, and what to do.
 */
export function previewOf(text: string): Preview {
    if (text.trim() === "") {
        throw new Error(
            'it is empty: "pulumi preview --json" failed before the preview began, and said why on standard error',
        );
    }
    const whole = parsed(text);
    if (whole === undefined) {
        const lines = text.split("\n").filter((line) => line.trim() !== "");
        const events = lines.map((line) => event.safeParse(parsed(line)).data);
        const wrong = events.findIndex((found) => found === undefined);
        if (wrong < 0) return ofEvents(events as Event[]);
        throw new Error(
            wrong > 0
                ? `its line ${wrong + 1} is no event of Pulumi's: was it cut off?`
                : 'it is not JSON: write it by "pulumi preview --json > FILE", and keep standard error out of it',
        );
    }
    const one = event.safeParse(whole);
    if (one.success) return ofEvents([one.data]);
    const found = digest.safeParse(whole);
    const known = ["steps", "diagnostics", "changeSummary", "config", "duration"];
    if (!found.success || !Object.keys(whole as Tree).some((key) => known.includes(key))) {
        const path = found.error?.issues[0]?.path.join(".");
        const where = path ? ` (${path})` : "";
        throw new Error(
            `it is JSON, but not what "pulumi preview --json" prints${where}; other verbs of Pulumi print other things`,
        );
    }
    return ofDigest(found.data);
}

/** As {@link previewOf}, of the events that the Automation API hands over; those of an `up` too. */
export function previewOfEvents(events: readonly unknown[]): Preview {
    return ofEvents(events.map((found) => event.parse(found)));
}

type Event = z.infer<typeof event>;

function ofDigest({ steps, diagnostics, changeSummary }: z.infer<typeof digest>): Preview {
    const all = (steps ?? []).map((step) =>
        stepOf(step, step.oldState, step.newState, step.diffReasons, step.replaceReasons),
    );
    return previewFrom(all, diagnostics ?? [], changeSummary);
}

function ofEvents(events: Event[]): Preview {
    const steps = events.flatMap(({ resourcePreEvent }) => {
        const found = resourcePreEvent?.metadata;
        return found ? [stepOf(found, found.old, found.new, found.diffs, found.keys)] : [];
    });
    const diagnostics = events.flatMap(({ diagnosticEvent }) =>
        diagnosticEvent && !diagnosticEvent.ephemeral ? [diagnosticEvent] : [],
    );
    const summary = events.find(({ summaryEvent }) => summaryEvent)?.summaryEvent;
    return previewFrom(steps, diagnostics, summary ? (summary.resourceChanges ?? {}) : undefined);
}

function previewFrom(
    all: Step[],
    diagnostics: { message?: string | undefined; severity?: string | undefined }[],
    changes: Record<string, number> | null | undefined,
): Preview {
    const said = (wanted: string) => [
        ...new Set(
            diagnostics
                .filter(({ severity }) => severity === wanted)
                .map(({ message = "" }) => withoutMarks(message)),
        ),
    ];
    const [, stack, project] = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(all[0]?.urn ?? "") ?? [];
    const errors = said("error");
    return {
        ...(project !== undefined && { project }),
        ...(stack !== undefined && { stack }),
        steps: all.filter(({ op }) => !PARTS.has(op)),
        unchanged: changes?.same ?? 0,
        errors,
        warnings: said("warning").filter((text) => !OF_MACHINE.test(text)),
        complete: Boolean(changes) && errors.length === 0,
    };
}

interface Described {
    op: string;
    urn: string;
    detailedDiff?: Tree | null | undefined;
}

function stepOf(
    { op, urn, detailedDiff }: Described,
    before: z.infer<typeof state>,
    after: z.infer<typeof state>,
    reasons: string[] | null | undefined,
    replacing: string[] | null | undefined,
): Step {
    // urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME
    const [, , types = "", ...name] = urn.split("::");
    const detailed = Object.keys(detailedDiff ?? {});
    return {
        op,
        urn,
        type: types.split("$").at(-1)!,
        name: name.join("::"),
        old: stateOf(before),
        new: stateOf(after),
        paths: detailed.length > 0 ? detailed : (reasons ?? []),
        replacing: replacing ?? [],
    };
}

function stateOf(found: z.infer<typeof state>): State | undefined {
    if (!found) return undefined;
    return {
        custom: found.custom ?? false,
        inputs: found.inputs ?? {},
        outputs: found.outputs ?? {},
    };
}

/** Pulumi writes colours as `<{%fg 1%}>` into events, and a diagnostic begins with its severity. */
function withoutMarks(message: string): string {
    return message
        .replace(/<\{%[^%]*%\}>/g, "")
        .replace(/^(error|warning): /, "")
        .trim();
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
