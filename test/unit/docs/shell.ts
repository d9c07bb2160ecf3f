/** The commands of a shell block. Documentation keeps to simple ones: anything else is refused, not skipped. */
import { type ParseEntry, parse } from "shell-quote";
import type { Block } from "../../support/markdown";

/** One simple command: a program and its arguments, variables written as `$NAME`. */
export interface Command {
    /** `file:line` */
    at: string;
    words: string[];
}

/** A function that a block defines on one line: `name() { command "$@"; }`. */
const FUNCTION = /^(\w+)\(\) \{ (.+) "\$@"; \}$/;
const ASSIGNMENT = /^[A-Za-z_]\w*=/;
/** `$(command)`, also within quotes. */
const SUBSTITUTION = /\$\(([^()]*)\)/g;

/** @throws Error for what this reader does not know, such as loops. */
export function commandsOf({ file, line, text }: Block): Command[] {
    const functions = new Map<string, string[]>();
    return logicalLines(text).flatMap(([offset, source]) => {
        const at = `${file}:${line + offset}`;
        const defined = FUNCTION.exec(source);
        if (defined) {
            const [body] = simpleCommands(defined[2]!);
            functions.set(defined[1]!, body!);
            return [{ at, words: body! }];
        }
        return simpleCommands(source).map((words) => ({
            at,
            words: [...(functions.get(words[0]!) ?? [words[0]!]), ...words.slice(1)],
        }));
    });
}

/** Lines with their offset; those that end in a backslash are joined. */
function logicalLines(text: string): [number, string][] {
    const lines: [number, string][] = [];
    let open = false;
    for (const [offset, line] of text.split("\n").entries()) {
        const continued = line.endsWith("\\");
        const content = continued ? line.slice(0, -1) : line;
        if (open) lines.at(-1)![1] += content;
        else lines.push([offset, content]);
        open = continued;
    }
    return lines.map(([offset, line]) => [offset, line.trim()]);
}

/** The words of each command of a line, without assignments, redirections and comments. */
function simpleCommands(source: string): string[][] {
    const inner = [...source.matchAll(SUBSTITUTION)].flatMap(([, text]) => simpleCommands(text!));
    const outer: string[][] = [[]];
    let redirected = false;
    for (const entry of parse(source.replace(SUBSTITUTION, "SUBSTITUTED"), (key) => `$${key}`)) {
        const word = wordOf(entry);
        if (word === undefined) {
            const operator = (entry as { op: string }).op;
            redirected = /[<>]/.test(operator);
            if (!redirected) outer.push([]);
        } else if (redirected) redirected = false;
        else if (word !== "") outer.at(-1)!.push(word);
    }
    return [...inner, ...outer.map(withoutAssignments)].filter((words) => words.length > 0);
}

/** Undefined for an operator; empty for a comment. */
function wordOf(entry: ParseEntry): string | undefined {
    if (typeof entry === "string") return entry;
    if ("comment" in entry) return "";
    return entry.op === "glob" ? entry.pattern : undefined;
}

function withoutAssignments(words: string[]): string[] {
    const first = words.findIndex((word) => !ASSIGNMENT.test(word));
    return first < 0 ? [] : words.slice(first);
}
