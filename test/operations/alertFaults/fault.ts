/** A fault that is made on a running stack. */
export interface LiveFault {
    what: string;
    /** The alerts that it must set off. */
    alerts: string[];
    make: () => Promise<unknown>;
    /** Everything is as it was after it. */
    cure: () => Promise<unknown>;
}
