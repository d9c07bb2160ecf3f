/** In what two states of a resource differ, in words short enough for a line. Never a secret. */
import { isDeepStrictEqual } from "node:util";
import type { Tree } from "./preview";

/** One property that differs. `before` or `after` is absent where there is none. */
export interface Difference {
    /** As people write it: `spec.template.spec.containers[cilium-agent].image`. */
    path: string;
    before?: string;
    after?: string;
}

/** What Pulumi writes in place of a value that an `up` must come first for (sdk/go/common/resource/plugin/rpc.go). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Marks values that are no plain data (sdk/go/common/resource/sig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

const SECRET = "[secret]";
/** Nobody compares more than its beginning. */
const HASH = /^[0-9a-f]{32,}$/;
const LONGEST = 64;

/** Differences of two values, by path, in the order in which a reader of the new one finds them. */
export function differences(before: unknown, after: unknown, path = ""): Difference[] {
    if (isDeepStrictEqual(before, after)) return [];
    const [a, b] = [opened(before), opened(after)];
    if (isTree(a) && isTree(b)) {
        const keys = new Set([...Object.keys(b), ...Object.keys(a)]);
        return [...keys]
            .filter((key) => !key.startsWith("__"))
            .flatMap((key) => differences(a[key], b[key], join(path, key, isText(before))));
    }
    if (Array.isArray(a) && Array.isArray(b)) return ofLists(a, b, path);
    return [{ path, ...shortPair(a, b) }];
}

/** Items that have names are told apart by them, others by what they are. */
function ofLists(a: unknown[], b: unknown[], path: string): Difference[] {
    const [named, renamed] = [byName(a), byName(b)];
    if (named && renamed) {
        const names = new Set([...renamed.keys(), ...named.keys()]);
        return [...names].flatMap((name) =>
            differences(named.get(name), renamed.get(name), `${path}[${name}]`),
        );
    }
    if ([...a, ...b].some((item) => typeof item === "object")) {
        const length = Math.max(a.length, b.length);
        return Array.from({ length }, (_, i) => differences(a[i], b[i], `${path}[${i}]`)).flat();
    }
    const gone = a.filter((item) => !b.includes(item));
    const added = b.filter((item) => !a.includes(item));
    if (gone.length + added.length === 0) return [{ path, before: "one order", after: "another" }];
    const list = (items: unknown[]) => items.map((item) => shown(item)).join(", ");
    return [
        {
            path,
            ...(gone.length > 0 && { before: cut(list(gone)) }),
            ...(added.length > 0 && { after: cut(list(added)) }),
        },
    ];
}

function byName(list: unknown[]): Map<string, unknown> | undefined {
    const named = list.map((item) => [isTree(item) ? item.name : undefined, item] as const);
    if (!named.every(([name]) => typeof name === "string")) return undefined;
    const map = new Map(named as [string, unknown][]);
    return map.size === list.length ? map : undefined;
}

/** A configuration file is JSON in a string: what differs in it is the news. */
function opened(value: unknown): unknown {
    if (isSecret(value)) return SECRET;
    if (!isText(value)) return value;
    try {
        const inner = JSON.parse(value) as unknown;
        return typeof inner === "object" && inner !== null ? inner : value;
    } catch {
        return value;
    }
}

function isText(value: unknown): value is string {
    return typeof value === "string" && /^\s*[{[]/.test(value);
}

/** @param inText whether the path goes into a file that the property holds. */
function join(path: string, key: string, inText: boolean): string {
    const plain = /^[\w-]+$/.test(key);
    if (path === "") return plain ? key : `[${key}]`;
    if (inText) return `${path}: ${key}`;
    return plain ? `${path}.${key}` : `${path}[${key}]`;
}

/** Both values, cut to where they begin to differ. */
function shortPair(a: unknown, b: unknown): Omit<Difference, "path"> {
    const [before, after] = [shown(a), shown(b)];
    let start = 0;
    if (a !== undefined && b !== undefined && Math.max(before.length, after.length) > LONGEST) {
        while (before[start] === after[start] && start < before.length) start++;
        start = Math.max(0, start - LONGEST / 4);
    }
    return {
        ...(a !== undefined && { before: cut(before, start) }),
        ...(b !== undefined && { after: cut(after, start) }),
    };
}

function cut(text: string, start = 0): string {
    const part = text.slice(start, start + LONGEST);
    return `${start > 0 ? "…" : ""}${part}${start + LONGEST < text.length ? "…" : ""}`;
}

/** A value on one line. */
export function shown(value: unknown): string {
    if (value === undefined) return "nothing";
    if (value === UNKNOWN) return "known after the up";
    if (typeof value === "string" && HASH.test(value)) return `${value.slice(0, 8)}…`;
    return typeof value === "string" && /^[\w./:@+-]+$/.test(value)
        ? value
        : JSON.stringify(value, (_key, inner: unknown) => (isSecret(inner) ? SECRET : inner));
}

function isSecret(value: unknown): boolean {
    return isTree(value) && value[SIGNATURE] === SECRET_SIGNATURE;
}

export function isTree(value: unknown): value is Tree {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
