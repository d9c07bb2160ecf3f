/** How a call is made: within a deadline, and again when that does no harm and may help. */
import { setTimeout } from "node:timers/promises";
import {
    type HttpLibrary,
    IsomorphicFetchHttpLibrary,
    type RequestContext,
    ResponseContext,
    wrapHttpLibrary,
} from "@kubernetes/client-node";

/** Of a call with all its attempts. */
const DEADLINE_MS = 15_000;
const FIRST_PAUSE_MS = 200;
/** After as many pauses, each twice as long as the one before, 3 s have passed. */
const PAUSES = 4;

/** What an API server or a proxy before it says when it may do the same a moment later. */
const PASSING = [429, 500, 502, 503, 504];
/** A connection that was refused or broke, as Node and undici call it. */
const BROKEN = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "EAI_AGAIN", "UND_ERR_SOCKET"];

/**
 * A transport with a deadline of 15 s per call. Calls that may be made twice, which are those that read and the deletion of
 * an object by its UID, are made again after an answer or a failure that may pass, after as long as `Retry-After` says.
 */
export function patientHttp(): HttpLibrary {
    const http = new IsomorphicFetchHttpLibrary();
    return wrapHttpLibrary({
        send: async (request) => {
            const deadline = Date.now() + DEADLINE_MS;
            request.setSignal(AbortSignal.timeout(DEADLINE_MS));
            for (let pauses = 0; ; pauses++) {
                const result = await attempt(http, request);
                const pauseMs = Math.max(FIRST_PAUSE_MS * 2 ** pauses, result.retryAfterMs ?? 0);
                const again = result.passing && isRepeatable(request) && pauses < PAUSES;
                if (!again || Date.now() + pauseMs >= deadline) {
                    if (result.response) return result.response;
                    throw Date.now() < deadline
                        ? result.error
                        : new Error(`no answer within ${DEADLINE_MS / 1000} s`);
                }
                await setTimeout(pauseMs);
            }
        },
    });
}

interface Result {
    response?: ResponseContext;
    error?: unknown;
    passing: boolean;
    retryAfterMs?: number;
}

/** Reads the answer to its end, where connections break too. */
async function attempt(http: HttpLibrary, request: RequestContext): Promise<Result> {
    try {
        const { httpStatusCode, headers, body } = await http.send(request).toPromise();
        const text = await body.text();
        const whole = { ...body, text: () => Promise.resolve(text) };
        const seconds = Number(headers["retry-after"] ?? 0);
        return {
            response: new ResponseContext(httpStatusCode, headers, whole),
            passing: PASSING.includes(httpStatusCode),
            ...(seconds > 0 && { retryAfterMs: seconds * 1000 }),
        };
    } catch (error) {
        return { error, passing: codesOf(error).some((code) => BROKEN.includes(code)) };
    }
}

function isRepeatable(request: RequestContext): boolean {
    const method = request.getHttpMethod();
    const body = request.getBody();
    return (
        method === "GET" ||
        (method === "DELETE" && typeof body === "string" && body.includes('"preconditions"'))
    );
}

/** The codes of an error and of what caused it. */
function codesOf(error: unknown): string[] {
    if (!(error instanceof Error)) return [];
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    const inner = error instanceof AggregateError ? (error.errors as unknown[]) : [];
    return [...(typeof code === "string" ? [code] : []), ...[cause, ...inner].flatMap(codesOf)];
}
