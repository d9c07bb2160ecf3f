/** JWT-SVIDs: a token for one audience from the Workload API, and its verification by who knows the issuer's URL alone. */
import type { Metadata } from "@grpc/grpc-js";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { parseSpiffeId, type SpiffeId } from "./spiffeId";
import { SECURITY_HEADER, workloadApi } from "./workloadApi";

/** What SPIRE signs with (pkg/common/jwtsvid). A verifier that took any would take what a key was never meant for. */
const ALGORITHMS = ["RS256", "ES256", "ES384"];

interface Answer {
    svids: { spiffeId: string; svid: string }[];
}

type Call = (
    request: { audience: string[] },
    metadata: Metadata,
    done: (error: Error | null, answer?: Answer) => void,
) => unknown;

/**
 * A token that says to the audience who this process is. The agent keeps it for half of its life, so ask anew for every use.
 *
 * @param endpoint such as `unix:///run/spire/sockets/agent.sock`.
 * @param audience who the token is for; nobody else takes it.
 * @throws Error when the agent is away, or has no identity for this process.
 */
export async function fetchToken(endpoint: string, audience: string): Promise<string> {
    const client = workloadApi(endpoint);
    const fetch = client.FetchJWTSVID as Call;
    try {
        const { svids } = await new Promise<Answer>((resolve, reject) => {
            fetch.call(client, { audience: [audience] }, SECURITY_HEADER, (error, answer) =>
                error ? reject(error) : resolve(answer!),
            );
        });
        if (!svids[0]) throw new Error("the agent's answer has no token");
        return svids[0].svid;
    } finally {
        client.close();
    }
}

/**
 * Whose token it is. Issuer, audience, lifetime and signature are verified, against the keys that the issuer's own discovery
 * document leads to: whoever could choose another document could sign for everyone.
 *
 * @param issuer such as `https://oidc.example.org`.
 * @param audience the verifier's own name.
 * @throws Error saying what of it is wrong.
 */
export async function verifyToken(
    token: string,
    issuer: string,
    audience: string,
): Promise<SpiffeId> {
    const response = await fetch(`${issuer}/.well-known/openid-configuration`);
    if (!response.ok) throw new Error(`${issuer} answers ${response.status}`);
    const document = (await response.json()) as { issuer: string; jwks_uri: string };
    if (document.issuer !== issuer) throw new Error(`${issuer} says that it is ${document.issuer}`);
    const keys = createRemoteJWKSet(new URL(document.jwks_uri));
    const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ["exp", "sub"],
    });
    return parseSpiffeId(payload.sub!);
}
