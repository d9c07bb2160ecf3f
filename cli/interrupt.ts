/** The end that somebody asks for, for verbs that have to clean up before. */

/** Rejects at Ctrl-C, when the terminal goes away, or when the process is told to end; a second one of the same ends it at once. */
export function onInterrupt(): Promise<never> {
    const interrupted = new Promise<never>((_, reject) => {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
            process.once(signal, () => reject(new Error(`ended by ${signal}`)));
        }
    });
    // It may come while nobody waits for it: whoever does next, meets it.
    interrupted.catch(() => undefined);
    return interrupted;
}
