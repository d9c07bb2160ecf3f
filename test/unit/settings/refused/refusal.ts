/** A configuration that cannot work, or is unsafe. */
export interface Refusal {
    name: string;
    /** What stands beside `trustDomain` and `clusterName`. */
    settings: object;
    /** What the user is told. */
    message: RegExp;
}

/** Refusals of one key: its bad values, each of which gives the same message. */
export function values(
    place: (value: unknown) => object,
    message: RegExp,
    bad: readonly unknown[],
): Refusal[] {
    return bad.map((value) => ({ name: nameOf(place(value)), settings: place(value), message }));
}

function nameOf(settings: object): string {
    const text = JSON.stringify(settings);
    return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
