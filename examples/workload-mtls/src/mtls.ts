/** Mutual TLS between two workloads that know each other by SPIFFE ID. */
import { constants, X509Certificate } from "node:crypto";
import { once } from "node:events";
import tls, { type SecureContextOptions, type TLSSocket } from "node:tls";
import { type SpiffeId, spiffeIdOf } from "./spiffeId";
import { authoritiesFor, type Identity } from "./workloadApi";

const HANDSHAKE_DEADLINE_MS = 10_000;

/** Where a server is. */
export interface Address {
    host: string;
    port: number;
}

/** What a server does with those who connect. */
export interface Visitors {
    /** @param certificate the client's. */
    accepted: (socket: TLSSocket, certificate: X509Certificate) => void;
    /** @param from the client's address; absent when the connection is closed already. */
    refused: (reason: string, from?: string) => void;
}

/**
 * A server that one workload may connect to. Give it every new identity with `setSecureContext(contextOf(...))`: new
 * connections get it, and those that are there stay.
 */
export function createServer(identity: Identity, client: SpiffeId, visitors: Visitors): tls.Server {
    const options = {
        ...contextOf(identity, client),
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: HANDSHAKE_DEADLINE_MS,
    };
    const server = tls.createServer(options, (socket) => {
        const from = socket.remoteAddress;
        // An 'error' that nobody listens to ends the process; what follows it is 'close'.
        socket.on("error", () => undefined);
        try {
            const certificate = socket.getPeerX509Certificate();
            // TLS does not verify a certificate again when a session is resumed: it may have expired since.
            if (!certificate || socket.isSessionReused()) throw new Error("no fresh certificate");
            verifyId(certificate, client);
            visitors.accepted(socket, certificate);
        } catch (error) {
            socket.destroy();
            visitors.refused((error as Error).message, from);
        }
    });
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
        // Why its certificate is not valid: a code, whatever the type says.
        const { authorizationError } = socket as unknown as { authorizationError?: string };
        const reason = authorizationError ?? error.code ?? error.message;
        // A client that left: a probe, or one that has refused this server.
        if (reason !== "ECONNRESET") visitors.refused(reason, socket.remoteAddress);
    });
    return server;
}

/**
 * Connects to a server and verifies who it is.
 *
 * @throws Error when it cannot be reached within 10 seconds, is not valid, or is someone else.
 */
export async function connect(
    identity: Identity,
    address: Address,
    server: SpiffeId,
): Promise<TLSSocket> {
    const socket = tls.connect({
        ...contextOf(identity, server),
        ...address,
        // Asked once the chain is valid. The host's name says nothing: the ID does.
        checkServerIdentity: (_host, { raw }) => {
            try {
                verifyId(new X509Certificate(raw), server);
                return undefined;
            } catch (error) {
                return error as Error;
            }
        },
    });
    try {
        await once(socket, "secureConnect", { signal: AbortSignal.timeout(HANDSHAKE_DEADLINE_MS) });
    } catch (error) {
        socket.destroy();
        throw error;
    }
    return socket;
}

/** What both sides take of an identity, to meet this peer. */
export function contextOf(identity: Identity, peer: SpiffeId): SecureContextOptions {
    return {
        key: identity.key,
        cert: identity.chain,
        ca: authoritiesFor(peer, identity),
        minVersion: "TLSv1.3",
        secureOptions: constants.SSL_OP_NO_TICKET,
    };
}

/** @throws Error when a certificate, whose chain TLS has verified, is not the one of this workload. */
export function verifyId(certificate: X509Certificate, expected: SpiffeId): void {
    const { uri } = spiffeIdOf(certificate);
    if (uri !== expected.uri) throw new Error(`${uri} is not ${expected.uri}`);
}
