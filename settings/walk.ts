/** The way through the schema: what is below a type, whatever wraps it. */
import { z } from "zod";

export type Type = z.core.$ZodType;

/** The type without what makes it optional or gives it a default. */
export function unwrap(type: Type | undefined): Type | undefined {
    const wrapped =
        type instanceof z.ZodPrefault ||
        type instanceof z.ZodDefault ||
        type instanceof z.ZodOptional;
    return wrapped ? unwrap(type.unwrap()) : type;
}

/** The members of an object, or of that variant of a union which the value's tag names. */
export function shapeOf(type: Type | undefined, value?: unknown): Partial<Record<string, Type>> {
    const inner = unwrap(type);
    if (inner instanceof z.ZodObject) return inner.shape;
    const variant = variantsOf(inner).find(({ chosen }) => chosen(value));
    return variant ? shapeOf(variant.type) : {};
}

/** What is at a key of a value of this type: a member, an element of a list, a value of a map. */
export function memberOf(type: Type | undefined, key: PropertyKey, value?: unknown) {
    const inner = unwrap(type);
    if (inner instanceof z.ZodArray) return inner.element;
    if (inner instanceof z.ZodRecord) return inner.valueType;
    const shape = shapeOf(inner, value);
    // What every object inherits is no member.
    return Object.hasOwn(shape, key) ? shape[String(key)] : undefined;
}

/** One of the types that the key `tag` tells apart. */
export interface Variant {
    type: Type;
    tag: string;
    /** The type of the tag, and what it may say. */
    word: Type;
    literals: string[];
    /** Whether a value is meant to be of this variant. */
    chosen: (value: unknown) => boolean;
}

/** The variants of a union; none of any other type. */
export function variantsOf(type: Type | undefined): Variant[] {
    const inner = unwrap(type);
    if (!(inner instanceof z.ZodDiscriminatedUnion)) return [];
    const tag = inner.def.discriminator;
    return inner.options.map((option) => {
        const word = shapeOf(option)[tag]!;
        return {
            type: option,
            tag,
            word,
            literals: [...(unwrap(word) as z.ZodLiteral<string>).values],
            // One variant may be the default, for which the tag is absent.
            chosen: (value) =>
                z.safeParse(word, (value as Record<string, unknown> | undefined)?.[tag]).success,
        };
    });
}
