/** The file of a fleet: which stacks of a project are brought up together, and in which order. */
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { parse } from "yaml";
import { z } from "zod";
import { keyText, listText, valueText } from "../settings/show";

/** Stacks by wave, by their names. */
export type Waves = readonly (readonly string[])[];

/** A stack's place in the file. */
export interface Place {
    stack: string;
    /** `waves[1][0] = "eu-1"`, to begin a message with. */
    at: string;
}

const WAVES = "must be a list of waves, each a list of stacks, such as [[canary], [eu-1, eu-2]]";
const WAVE = "must be a list of stacks, such as [eu-1, eu-2]";
const STACK = "must be the name of a stack, as in Pulumi.NAME.yaml; in quotes if it is a number";
const EMPTY = "is empty; name a stack in it, or remove it";

const schema = z.strictObject(
    {
        waves: z
            .array(z.array(z.string(STACK).regex(/^[\w.-]+$/, STACK), WAVE).min(1, EMPTY), WAVES)
            .min(1, EMPTY),
    },
    {
        error: ({ code }) =>
            code === "unrecognized_keys"
                ? "has other keys than waves; remove them"
                : `must have the key waves, which ${WAVES}`,
    },
);

/**
 * @param file its name, for messages.
 * @throws Error that lists what is wrong, by the key.
 */
export function wavesOf(text: string, file: string): Waves {
    let raw: unknown;
    try {
        raw = parse(text);
    } catch (error) {
        throw new Error(`${file}: is not YAML: ${messageOf(error)}`);
    }
    const decoded = schema.safeParse(raw);
    if (!decoded.success) {
        const said = ({ path, message }: z.core.$ZodIssue) =>
            `${keyText(path) || "the file"}: ${message}`;
        refuse(file, decoded.error.issues.map(said));
    }
    const { waves } = decoded.data!;
    refuse(file, twice(placesIn(waves)));
    return waves;
}

/** All stacks, in their order. */
export function placesIn(waves: Waves): Place[] {
    return waves.flatMap((wave, i) =>
        wave.map((stack, j) => ({
            stack,
            at: `${keyText(["waves", i, j])} = ${valueText(stack)}`,
        })),
    );
}

/** @throws Error that lists them, when there are any. */
export function refuse(file: string, problems: readonly string[]): void {
    if (problems.length === 0) return;
    throw new Error(`${file} is wrong; nothing was changed.${listText(problems, "")}`);
}

function twice(places: readonly Place[]): string[] {
    const first = new Map<string, string>();
    return places.flatMap(({ stack, at }) => {
        const before = first.get(stack);
        if (before === undefined) first.set(stack, at);
        return before === undefined
            ? []
            : [`${at}: is there already, as ${before}; name each stack once`];
    });
}
