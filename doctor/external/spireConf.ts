/**
 * SPIRE's configuration files as others write them: JSON, or HCL 1 as in SPIRE's own documentation. No library that is still
 * kept reads HCL 1 from Node; templates and expressions, which SPIRE does not have, are not read here either.
 */

/** A group of keys. Blocks of HCL, which may be repeated, are lists of groups. */
export type Conf = { [key: string]: unknown };

/** @throws Error that says where the text is neither JSON nor HCL. */
export function parseConf(text: string): Conf {
    try {
        return JSON.parse(text) as Conf;
    } catch {
        return new HclReader(text).read();
    }
}

/** What is at a path, through lists of groups as through groups; undefined when there is nothing. */
export function confAt(conf: unknown, ...path: string[]): unknown {
    const [key, ...rest] = path;
    if (key === undefined) return conf;
    if (Array.isArray(conf)) {
        return conf.map((one) => confAt(one, ...path)).find((found) => found !== undefined);
    }
    if (typeof conf !== "object" || conf === null || !Object.hasOwn(conf, key)) return undefined;
    return confAt((conf as Conf)[key], ...rest);
}

/** The keys of a group, or of all groups of a list: the names of plugins, of clusters. */
export function confKeys(conf: unknown): string[] {
    if (Array.isArray(conf)) return conf.flatMap(confKeys);
    return typeof conf === "object" && conf !== null ? Object.keys(conf) : [];
}

/** A text at a path. */
export function confText(conf: Conf, ...path: string[]): string | undefined {
    const found = confAt(conf, ...path);
    return typeof found === "string" ? found : undefined;
}

/** Spaces and comments, then a text, a mark or a bare word. */
const TOKEN =
    /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*("(?:[^"\\\n]|\\.)*"|[{}[\]=,:]|[^\s{}[\]=,:"#]+|$)/y;

class HclReader {
    private readonly tokens: string[] = [];
    private next = 0;

    constructor(text: string) {
        TOKEN.lastIndex = 0;
        for (let token = TOKEN.exec(text)?.[1]; token !== ""; token = TOKEN.exec(text)?.[1]) {
            if (token === undefined) throw new Error("a text in it has no end");
            this.tokens.push(token);
        }
    }

    read(): Conf {
        return this.group(undefined);
    }

    private group(end: string | undefined): Conf {
        const group: Conf = {};
        while (this.tokens[this.next] !== end) {
            const key = textOf(this.take());
            if (this.skips("=") || this.skips(":")) group[key] = this.value();
            else group[key] = [...listOf(group[key]), this.block()];
            this.skips(",");
        }
        if (end !== undefined) this.next++;
        return group;
    }

    /** The names of a block, `"k8s_psat"`, become groups around it. */
    private block(): Conf {
        if (this.skips("{")) return this.group("}");
        const name = textOf(this.take());
        return { [name]: this.block() };
    }

    private value(): unknown {
        if (this.skips("{")) return this.group("}");
        if (this.skips("[")) {
            const list: unknown[] = [];
            while (!this.skips("]")) {
                list.push(this.value());
                this.skips(",");
            }
            return list;
        }
        const token = this.take();
        if (token.startsWith('"')) return textOf(token);
        if (token === "true" || token === "false") return token === "true";
        return /^-?\d+(\.\d+)?$/.test(token) ? Number(token) : token;
    }

    private skips(mark: string): boolean {
        if (this.tokens[this.next] !== mark) return false;
        this.next++;
        return true;
    }

    private take(): string {
        const token = this.tokens[this.next++];
        if (token === undefined) throw new Error("it ends too early");
        if (/^[{}[\]=,:]$/.test(token)) throw new Error(`"${token}" is where no value can be`);
        return token;
    }
}

function textOf(token: string): string {
    return token.startsWith('"') ? (JSON.parse(token) as string) : token;
}

function listOf(value: unknown): unknown[] {
    if (value === undefined) return [];
    return Array.isArray(value) ? (value as unknown[]) : [value];
}
