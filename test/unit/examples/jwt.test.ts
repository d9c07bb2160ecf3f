/** examples/workload-mtls: what a verifier of JWT-SVIDs refuses, of an issuer on this machine. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { verifyToken } from "../../../examples/workload-mtls/src/jwt";

const SUBJECT = "spiffe://demo.local/shop/payments";

let server: Server;
let issuer: string;
/** What the document says of itself. */
let said: string;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;

before(async () => {
    keys = await generateKeyPair("ES256");
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: "a", alg: "ES256", use: "sig" };
    server = createServer(({ url }, response) => {
        const document = { issuer: said, jwks_uri: `${issuer}/keys` };
        const found = url === "/keys" ? { keys: [jwk] } : document;
        response.setHeader("Content-Type", "application/json").end(JSON.stringify(found));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    said = issuer;
});
after(() => server.close());

async function token(claims: JWTPayload, key: CryptoKey | Uint8Array = keys.privateKey) {
    const now = Math.floor(Date.now() / 1000);
    const payload: JWTPayload = {
        iss: issuer,
        aud: ["shop"],
        sub: SUBJECT,
        exp: now + 60,
        ...claims,
    };
    const alg = key instanceof Uint8Array ? "HS256" : "ES256";
    const present = Object.entries(payload).filter(([, value]) => value !== undefined);
    return await new SignJWT(Object.fromEntries(present))
        .setProtectedHeader({ alg, kid: "a" })
        .sign(key);
}

test("a token of the issuer, for this audience, says whose it is", async () => {
    assert.equal((await verifyToken(await token({}), issuer, "shop")).uri, SUBJECT);
});

const refused: [what: string, claims: JWTPayload, message: RegExp][] = [
    ["another audience", { aud: ["bank"] }, /unexpected "aud" claim/],
    ["no audience", { aud: undefined }, /missing required "aud" claim/],
    ["another issuer", { iss: "https://other.example" }, /unexpected "iss" claim/],
    ["what has expired", { exp: 1 }, /"exp" claim timestamp check failed/],
    ["what never expires", { exp: undefined }, /missing required "exp" claim/],
    ["what is no workload's", { sub: "spiffe://demo.local" }, /is not the SPIFFE ID of a workload/],
];

for (const [what, claims, message] of refused) {
    test(`it refuses ${what}`, async () => {
        await assert.rejects(verifyToken(await token(claims), issuer, "shop"), message);
    });
}

test("it refuses another key, and a signature by a word that both sides know", async () => {
    const other = await generateKeyPair("ES256");
    const forged = await token({}, other.privateKey);
    await assert.rejects(verifyToken(forged, issuer, "shop"), /signature verification failed/);
    const shared = await token({}, new TextEncoder().encode("a".repeat(32)));
    await assert.rejects(verifyToken(shared, issuer, "shop"), /"alg".* value not allowed/);
});

test("it refuses a document that is another issuer's", async () => {
    said = "https://other.example";
    const valid = await token({});
    await assert.rejects(verifyToken(valid, issuer, "shop"), /says that it is https:\/\/other/);
    said = issuer;
});
