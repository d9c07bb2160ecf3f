/** Which keys a Go program reads from its HCL configuration: read off the struct tags of its source. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Go type of a struct's field by its key. */
type Fields = Map<string, string>;

/** The configuration structs of a package. */
export class HclStructs {
    private readonly structs = new Map<string, Fields>();

    /** @param directories of the package and of what it embeds; the packages below them count as well. */
    constructor(directories: readonly string[]) {
        const files = directories
            .flatMap((directory) => globSync(join(directory, "**/*.go")))
            .filter((file) => !file.endsWith("_test.go"));
        if (files.length === 0) throw new Error(`no Go source in ${directories.join(", ")}`);
        for (const file of files) this.read(readFileSync(file, "utf8"));
    }

    private read(source: string): void {
        for (const [, name, body] of source.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)) {
            const tags = body!.matchAll(/^\t+\w+ +(\S+) +`[^`]*hcl:"(\w+)/gm);
            const fields = new Map([...tags].map(([, type, key]) => [key!, type!]));
            this.structs.set(name!, new Map([...(this.structs.get(name!) ?? []), ...fields]));
        }
    }

    /**
     * The keys of a value that nothing would read, as paths.
     *
     * @param type the struct that the value is read into. Without it, as where the source decodes a part by hand, a key is
     * known when any struct of the package has it.
     */
    unknownKeys(value: unknown, type?: string): string[] {
        if (Array.isArray(value)) return value.flatMap((item) => this.unknownKeys(item, type));
        if (typeof value !== "object" || value === null) return [];
        return Object.entries(value).flatMap(([key, member]) => {
            const field = this.field(key, type);
            if (field === undefined) return [key];
            // The keys of a Go map are the user's.
            const map = /^map\[string\](.*)/.exec(field);
            const members = map ? Object.values(member as object) : [member];
            const inner = (map?.[1] ?? field).replace(/^[[\]*]+/, "");
            const known = this.structs.has(inner) ? inner : undefined;
            return members
                .flatMap((each) => this.unknownKeys(each, known))
                .map((path) => `${key}.${path}`);
        });
    }

    private field(key: string, type?: string): string | undefined {
        if (type !== undefined) return this.structs.get(type)?.get(key);
        const found = [...this.structs.values()].find((fields) => fields.has(key));
        return found?.get(key);
    }
}
