/** One thing that was seen, for people. */
export interface Evidence {
    what: string;
    seen: string;
}
