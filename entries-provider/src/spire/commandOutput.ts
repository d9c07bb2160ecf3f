/** What a command printed, as JSON or as an error that says why it is none. */

/** Characters of a command's own words in a message. */
const SAID = 400;

/**
 * Reads JSON from standard output.
 *
 * @param what which command, and where.
 * @throws Error that says how much there was, whether it is empty, cut off or something else, and what else was said.
 */
export function parseOutput(what: string, output: { stdout: string; stderr: string }): unknown {
    const { stdout, stderr } = output;
    try {
        return JSON.parse(stdout) as unknown;
    } catch {
        const bytes = Buffer.byteLength(stdout);
        const noise = stderr.trim() ? `; standard error: ${shortened(stderr)}` : "";
        throw new Error(`${what} printed ${bytes} bytes, ${flawOf(stdout)}${noise}`);
    }
}

/** A text on one line, cut in the middle when it is long: programs say the cause first or last. */
export function shortened(text: string): string {
    const line = text.trim().replaceAll(/\s+/g, " ");
    if (line.length <= SAID) return line;
    return `${line.slice(0, SAID / 2)} ... ${line.slice(-SAID / 2)}`;
}

function flawOf(stdout: string): string {
    const text = stdout.trim();
    if (text === "") return "where JSON should be: its output is empty";
    if (!text.startsWith("{")) return `which are no JSON: ${shortened(text)}`;
    return text.endsWith("}")
        ? `which are no valid JSON: ${shortened(text)}`
        : `JSON that was cut off: it ends with ${shortened(text.slice(-60))}`;
}
