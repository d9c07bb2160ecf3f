/** Objects as files have them. */

/** A Kubernetes object as plain data. */
export interface Manifest {
    apiVersion: string;
    kind: string;
    metadata: {
        name: string;
        namespace?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
    };
    [field: string]: unknown;
}

/** A part of the stack that is applied as a whole, after others are healthy. */
export interface Stage {
    name: string;
    /** Its place in the order of all stages that there may be, from 0. */
    wave: number;
    /** Where its files are, below the folder of the rendering. */
    folder: string;
    /** Names of the stages before it. */
    after: string[];
    objects: Manifest[];
}

/** A file of the rendering: its path with "/" between folders, and its text. */
export type Files = Map<string, string>;

/** Adds annotations to those that an object has. */
export function annotated<T extends Manifest>(object: T, annotations: Record<string, string>): T {
    if (Object.keys(annotations).length === 0) return object;
    const all = { ...object.metadata.annotations, ...annotations };
    return { ...object, metadata: { ...object.metadata, annotations: all } };
}
