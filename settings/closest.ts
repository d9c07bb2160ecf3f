/** "Did you mean": the word that a misspelt one was meant to be. */

/** The closest of the words: same but for case, or at most a third of its letters wrong. Undefined when none is close. */
export function closest(misspelt: string, words: string[]): string | undefined {
    const ranked = words
        .map((word) => ({ word, wrong: distance(misspelt.toLowerCase(), word.toLowerCase()) }))
        .sort((a, b) => a.wrong - b.wrong);
    const best = ranked[0];
    return best && best.wrong <= best.word.length / 3 ? best.word : undefined;
}

/** Letters to insert, delete or replace to make one text of another (Levenshtein). */
function distance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (const [i, letter] of Array.from(a).entries()) {
        const next = [i + 1];
        for (const [j, other] of Array.from(b).entries()) {
            const replaced = row[j]! + Number(letter !== other);
            next.push(Math.min(replaced, row[j + 1]! + 1, next[j]! + 1));
        }
        row = next;
    }
    return row.at(-1)!;
}
