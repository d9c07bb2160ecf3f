/** What a monitoring answered to the dashboard's queries, small enough to be kept. */

/** A series as a panel shows it. */
export interface RecordedSeries {
    legend: string;
    /** From the recording's start, one each step; null where there is none. */
    values: (number | null)[];
}

export interface RecordedPanel {
    title: string;
    /** Grafana's name of the unit. */
    unit: string;
    series: RecordedSeries[];
}

export interface Recording {
    /** What was recorded, for who reads the file. */
    what: string;
    /** Of the first values: ISO 8601, UTC. */
    start: string;
    /** Seconds from one value to the next. */
    step: number;
    panels: RecordedPanel[];
}

/** Digits that a picture shows anyway. */
const DIGITS = 4;

/**
 * A series of the recording.
 *
 * @param samples Unix time in seconds, and value.
 */
export function recordedSeries(
    legend: string,
    samples: readonly (readonly [time: number, value: number])[],
    { start, step, count }: { start: number; step: number; count: number },
): RecordedSeries {
    const byTime = new Map(samples);
    const values = Array.from({ length: count }, (_, i) => {
        const value = byTime.get(start + i * step);
        return value === undefined || !Number.isFinite(value)
            ? null
            : Number(value.toPrecision(DIGITS));
    });
    return { legend, values };
}

/** A legend as Grafana writes it: `{{host}}` stands for the label. */
export function legendOf(template: string, labels: Record<string, string>): string {
    return template.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "");
}
