/** The innermost message of an error, on one line: Node hides the reason of a failed fetch in `cause`. */
export function messageOf(error: unknown): string {
    if (error instanceof AggregateError && error.errors.length) return messageOf(error.errors[0]);
    if (error instanceof Error) return error.cause ? messageOf(error.cause) : error.message;
    if (typeof error === "object" && error && "message" in error) return String(error.message);
    return String(error);
}
