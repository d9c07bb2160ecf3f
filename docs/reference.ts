/** Renders docs/reference.md from the settings' schema: `npm run -s reference`. A unit test refuses a stale file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { settingsSchema } from "../settings/schema";

interface Schema {
    type?: string;
    description?: string;
    default?: unknown;
    enum?: unknown[];
    const?: unknown;
    properties?: Record<string, Schema>;
    additionalProperties?: Schema | boolean;
    items?: Schema;
    anyOf?: Schema[];
    oneOf?: Schema[];
    required?: string[];
}

/** The whole document. */
export function reference(): string {
    const schema = z.toJSONSchema(settingsSchema, {
        io: "input",
        unrepresentable: "any",
    }) as Schema;
    return [
        "# Configuration",
        "",
        "Every key of a stack file, generated from `settings/` by `npm run -s reference`. A key that is not listed here is refused.",
        "Keys with a dot are nested: `spire.server.replicas` is `cilium-spire:spire: { server: { replicas: ... } }`.",
        "",
        "| key | type | default | meaning |",
        "| --- | --- | --- | --- |",
        ...rows(schema, ""),
        "",
    ].join("\n");
}

function rows(schema: Schema, prefix: string): string[] {
    return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
        const key = `${prefix}${name}`;
        const required = schema.required?.includes(name) && property.default === undefined;
        const own = row(key, property, required ? "required" : defaultOf(property));
        return [own, ...nested(property, key)];
    });
}

/** Rows of what is inside: members of a group, of each alternative of a union, of a map or of a list. */
function nested(schema: Schema, key: string): string[] {
    const alternatives = schema.anyOf ?? schema.oneOf ?? [];
    const inside = [
        ...rows(schema, `${key}.`),
        ...alternatives.flatMap((alternative) => nested(alternative, key)),
    ];
    if (typeof schema.additionalProperties === "object") {
        inside.push(...nested(schema.additionalProperties, `${key}.<key>`));
    }
    if (schema.items) inside.push(...nested(schema.items, `${key}[]`));
    // Alternatives that share a key, such as `type`, are told in the row of the union.
    return [...new Map(inside.map((line) => [line.split("|")[1], line])).values()];
}

function row(key: string, schema: Schema, fallback: string): string {
    const cells = [`\`${key}\``, typeOf(schema), fallback, schema.description ?? ""];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

function typeOf(schema: Schema): string {
    const alternatives = schema.anyOf ?? schema.oneOf;
    if (alternatives) return [...new Set(alternatives.map(typeOf))].join(" or ");
    if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
    if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
    if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
    if (schema.properties) return discriminator(schema) ?? "object";
    if (typeof schema.additionalProperties === "object") return "map";
    return schema.type ?? "any";
}

/** An alternative of a union is best named by its constant: `type: "postgres"`. */
function discriminator({ properties = {} }: Schema): string | undefined {
    const found = Object.entries(properties).find(([, { const: value }]) => value !== undefined);
    return found && `\`${found[0]}: ${String(found[1].const)}\``;
}

function defaultOf({ default: value, properties }: Schema): string {
    // The default of a group is that of its members, which have rows of their own.
    if (value === undefined || properties) return "";
    return `\`${JSON.stringify(value)}\``;
}

if (require.main === module) {
    writeFileSync(join(process.cwd(), "docs", "reference.md"), reference());
}
