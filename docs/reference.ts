/** Renders docs/reference.md from the settings' schema: `npm run -s reference`. A unit test refuses a stale file. */
import { globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { slug } from "github-slugger";
import { z } from "zod";
import { repositoryRoot } from "../sandbox/host/paths";
import { settingsSchema } from "../settings/schema";
import { programOf, sinceOf } from "../settings/since";
import { type Type, unwrap, type Variant, variantsOf } from "../settings/walk";

/** A group that a file of its own describes. */
interface Section {
    key: string;
    type: Type;
    file: string;
}

/** A key as the reader sees it. */
interface Row {
    key: string;
    type: string;
    fallback: string;
    meaning: string;
    /** The tags with which alone there is the key; undefined: there always is. */
    when?: string | undefined;
    /** What is inside, when that has a table of its own. */
    section?: Section | undefined;
}

/** The whole document. */
export function reference(): string {
    return [
        "# Configuration",
        "",
        "Every key of a stack file, generated from `settings/` by `npm run -s reference`. A key that is not listed here is refused.",
        "Keys with a dot are nested: `spire.server.replicas` is `cilium-spire:spire: { server: { replicas: ... } }`.",
        ...render({ key: "", type: settingsSchema, file: "settings/schema.ts" }),
        "",
    ].join("\n");
}

/** The table of a section, and the sections in it. */
function render({ key, type, file }: Section): string[] {
    const rows = rowsOf(type, key);
    return [
        "",
        key === "" ? "## The stack" : `## \`${key}\``,
        "",
        `${key === "" ? "What a stack file has." : descriptionOf(type)} Defined in [${file}](../${file}).`,
        "",
        "| key | type | default | meaning |",
        "| --- | --- | --- | --- |",
        ...rows.map(lineOf),
        ...rows.flatMap(({ section }) => (section ? render(section) : [])),
    ];
}

function lineOf({ key, type, fallback, meaning, when }: Row): string {
    const cells = [`\`${key}\``, type, fallback, when ? `With ${when}: ${meaning}` : meaning];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

/** Rows of what is inside: members of a group, of each variant of a union, of a map or of a list. */
function rowsOf(type: Type, key: string): Row[] {
    const inner = unwrap(type);
    const variants = variantsOf(inner);
    if (variants.length > 0) return variantRows(variants, key);
    if (inner instanceof z.ZodArray) return rowsOf(inner.element, `${key}[]`);
    if (inner instanceof z.ZodRecord) return rowsOf(inner.valueType, `${key}.<key>`);
    if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => rowsOf(option, key));
    if (!(inner instanceof z.ZodObject)) return [];
    return Object.entries<Type>(inner.shape).flatMap(([name, member]) => {
        const row = rowOf(member, key === "" ? name : `${key}.${name}`);
        return row.section || elsewhere(member) ? [row] : [row, ...rowsOf(member, row.key)];
    });
}

function rowOf(type: Type, key: string): Row {
    const file = OWNERS.get(definitionOf(type));
    return {
        key,
        type: file === undefined ? typeOf(type) : `[${typeOf(type)}](#${slug(key)})`,
        fallback: defaultOf(type),
        meaning: [meaningOf(type, key), elsewhere(type)].filter(Boolean).join(" "),
        section: file === undefined ? undefined : { key, type, file },
    };
}

/** One row of the tag with all that it may be, then the rows of all variants. */
function variantRows(variants: Variant[], key: string): Row[] {
    const { tag } = variants[0]!;
    const tagKey = `${key}.${tag}`;
    const all = variants.flatMap(({ literals }) => literals);
    const tagRow: Row = {
        key: tagKey,
        type: all.map(code).join(", "),
        fallback:
            variants.map(({ word }) => defaultOf(word)).find((d) => d !== "required") ?? "required",
        meaning: variants
            .map(
                ({ word, literals }) =>
                    `${literals.map(code).join(", ")}: ${meaningOf(word, tagKey)}`,
            )
            .join("<br>"),
    };
    // What several variants have alike is told once.
    const told = new Map<string, { row: Row; of: string[] }>();
    for (const { type, literals } of variants) {
        for (const row of rowsOf(type, key).filter((r) => r.key !== tagKey)) {
            const text = lineOf(row);
            if (!told.has(text)) told.set(text, { row, of: [] });
            told.get(text)!.of.push(...literals.map((literal) => code(`${tag}: ${literal}`)));
        }
    }
    const rows = [...told.values()].map(({ row, of }) => ({
        row,
        when: of.length < all.length ? of.join(" or ") : undefined,
    }));
    return [
        tagRow,
        ...rows.map(({ row, when }) => {
            // What is said of a group holds for what is inside.
            const said = rows.some((r) => r.when === when && row.key.startsWith(`${r.row.key}.`));
            return said ? row : { ...row, when: row.when ?? when };
        }),
    ];
}

/** The type with what makes it optional or gives it a default, from the outside in. */
function layersOf(type: Type): z.ZodType[] {
    const inner = unwrap(type);
    if (type === inner) return [type as z.ZodType];
    return [type as z.ZodType, ...layersOf((type as z.ZodOptional).unwrap())];
}

function meaningOf(type: Type, key: string): string {
    const mark = sinceOf(type);
    const description = descriptionOf(type);
    if (!mark) return description;
    const release = `Since ${programOf(key.split("."))} ${mark.release}`;
    const whole = mark.value === undefined || unwrap(type) instanceof z.ZodLiteral;
    return `${description} ${release}${whole ? "" : `: \`${mark.value}\``}.`;
}

function descriptionOf(type: Type): string {
    return layersOf(type).find(({ description }) => description)?.description ?? "";
}

/** Where the content of a key is documented, when not here. */
function elsewhere(type: Type): string | undefined {
    return layersOf(type).at(-1)!.meta()?.externalDocs as string | undefined;
}

function typeOf(type: Type): string {
    const inner = unwrap(type);
    const variants = variantsOf(inner);
    if (variants.length > 0) return `object by \`${variants[0]!.tag}\``;
    if (inner instanceof z.ZodUnion) return [...new Set(inner.options.map(typeOf))].join(" or ");
    if (inner instanceof z.ZodLiteral) return [...inner.values].map(code).join(", ");
    if (inner instanceof z.ZodEnum) return inner.options.map(code).join(", ");
    if (inner instanceof z.ZodArray) return `list of ${typeOf(inner.element)}`;
    if (inner instanceof z.ZodRecord) return "map";
    return String(z.toJSONSchema(inner!, { unrepresentable: "any", io: "input" }).type ?? "any");
}

const code = (value: unknown) => `\`${String(value)}\``;

/** The default as JSON; nothing for an optional key, or for a group whose members have defaults. */
function defaultOf(type: Type): string {
    const layer = layersOf(type).find(
        (l) => l instanceof z.ZodDefault || l instanceof z.ZodPrefault,
    );
    if (!layer) return type instanceof z.ZodOptional ? "" : "required";
    const value = JSON.stringify(layer.def.defaultValue);
    return value === "{}" && !(unwrap(type) instanceof z.ZodRecord) ? "" : `\`${value}\``;
}

/** What tells a type from others, whatever is said of it or wrapped around it. */
function definitionOf(type: Type): unknown {
    return unwrap(type)!._zod.def;
}

/** The files of groups, by what they export as `...Settings`. */
const OWNERS = new Map<unknown, string>(
    globSync("settings/**/*.ts", { cwd: repositoryRoot }).flatMap((file) => {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- their names are not known
        const exports = require(join("..", file.replace(/\.ts$/, ""))) as Record<string, Type>;
        return Object.entries(exports)
            .filter(([name, type]) => name.endsWith("Settings") && type instanceof z.ZodType)
            .map(([, type]): [unknown, string] => [definitionOf(type), file]);
    }),
);

if (require.main === module) {
    writeFileSync(join(repositoryRoot, "docs", "reference.md"), reference());
}
