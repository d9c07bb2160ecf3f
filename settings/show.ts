/** How keys and values look in messages: as one writes them, and never longer than one reads. */

/** A key as `pulumi config set --path` takes it: `a.b[0]["c.d/e"]`. */
export function keyText(path: readonly PropertyKey[]): string {
    return path
        .map((part, i) => {
            if (typeof part === "number") return `[${part}]`;
            const name = String(part);
            if (!/^[\w-]+$/.test(name)) return `[${JSON.stringify(shorten(name, 100))}]`;
            return (i === 0 ? "" : ".") + shorten(name, 100);
        })
        .join("");
}

/** A value as JSON. */
export function valueText(value: unknown): string {
    return shorten(JSON.stringify(value), 120);
}

/**
 * Text of at most so many characters: what is in the middle goes, and first of all what must not come out in a log, the
 * password of a URL and a private key.
 */
export function shorten(text: string, length: number): string {
    const shown = text
        .replaceAll(/:\/\/[^\s"]*@/g, "://***@")
        .replace(/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^"]*/g, "*** private key ***");
    if (shown.length <= length) return shown;
    const half = Math.floor(length / 2);
    return `${shown.slice(0, half - 5)} ... ${shown.slice(-half)}`.toWellFormed();
}

/** The most that is said at once, in bytes. */
const LONGEST = 3600;

/** Problems as the lines of one message; those that it would be too long for are counted. */
export function listText(problems: readonly string[], prefix: string): string {
    const lines = problems.map((problem) => `\n  ${prefix}${shorten(problem, 1000)}`);
    let bytes = 0;
    const fit = lines.findIndex((line) => (bytes += Buffer.byteLength(line)) > LONGEST);
    const shown = fit === -1 ? lines : lines.slice(0, Math.max(fit, 1));
    const more = lines.length - shown.length;
    return shown.join("") + (more > 0 ? `\n  ... and ${more} more; correct these first` : "");
}
