/** A review for a terminal. */
import { styleText } from "node:util";
import type { Line, Mark } from "./line";
import { sections, sumOf } from "./lines";
import type { Review } from "./review";

const COLOURS: Record<Mark, "green" | "red" | "yellow" | "dim"> = {
    "+": "green",
    "-": "red",
    "~": "yellow",
    " ": "dim",
};

/** As text, with colours where the terminal has some (NO_COLOR, FORCE_COLOR). */
export function asText(review: Review): string {
    const { stack, errors, warnings, effects } = review;
    const block = (title: string, lines: string[]) =>
        lines.length > 0 ? ["", `${title}:`, ...lines.map((line) => `  ${line}`)] : [];
    return [
        `${stack ?? "preview"}: ${sumOf(review)}`,
        ...block("The preview failed", errors.flatMap((error) => error.split("\n")).map(printable)),
        ...block("For pods", effects.map(printable)),
        ...sections(review).flatMap(({ title, lines }) =>
            block(printable(title), lines.map(coloured)),
        ),
        ...block("Warnings", warnings.flatMap((text) => text.split("\n")).map(printable)),
    ].join("\n");
}

function coloured({ mark, text }: Line): string {
    return styleText(COLOURS[mark], `${mark} ${printable(text)}`);
}

/** Nothing that moves a cursor, or is not seen. */
export function printable(text: string): string {
    return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
}
