/** What the Kubernetes API says when it does not do what it is asked, in words that say what to do. */
import { ApiException } from "@kubernetes/client-node";
import { ClusterUnreachable } from "./clusterUnreachable";
import type { ClusterConfig } from "./kubeConfig";
import { messageOf } from "./messageOf";

/** The error of a call, to be thrown: an answer of the API server as ApiException, anything else as ClusterUnreachable. */
export function explained(error: unknown, config: ClusterConfig): Error {
    if (error instanceof ClusterUnreachable) return error;
    if (!(error instanceof ApiException)) {
        return new ClusterUnreachable(
            `the Kubernetes ${whichServer(config)} does not answer: ${messageOf(error)}. Check the kubeconfig, the context and the network.`,
        );
    }
    if (error.code === 401) return unauthorized(config);
    error.message = `Kubernetes API ${error.code}: ${sentenceOf(error)}`;
    if (error.code === 403) {
        error.message += `. Give the user of context "${config.currentContext}" that right, or choose another context`;
    }
    return error;
}

/** The API server does not know who is asking. */
export function unauthorized(config: ClusterConfig): ClusterUnreachable {
    const remedy =
        config.plugin === undefined
            ? "log in again, and see that its kubeconfig has the new credentials"
            : `log in again where the credential plugin "${config.plugin}" of the kubeconfig gets its credentials`;
    return new ClusterUnreachable(
        `the Kubernetes ${whichServer(config)} refuses the credentials (401): they are wrong or have expired; ${remedy}`,
    );
}

/** `API server <URL> (context "<name>")`. */
export function whichServer(config: ClusterConfig): string {
    return `API server ${config.url} (context "${config.currentContext}")`;
}

/** client-node puts headers and body into the message; the API server's own sentence is in the body. */
function sentenceOf({ body }: ApiException<unknown>): string {
    const status = typeof body === "string" ? parse(body) : body;
    return (status as { message?: string } | undefined)?.message ?? "no details";
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return undefined;
    }
}
