/**
 * examples/workload-mtls: two pods speak mutual TLS with SVIDs from the Workload API, keep a connection while their SVIDs
 * rotate, and refuse everyone else.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { oidcDiscoveryProvider, WORKLOAD_MTLS_SPECS } from "../../sandbox/build/testImages";
import { nodeNamed } from "../../sandbox/host/instance";
import { loadImages } from "../../sandbox/nodes/nodes";
import { makeCertificate } from "../support/certificate";
import {
    type App,
    documentedConfig,
    type Event,
    eventsOf,
    inNamespace,
    MANIFEST,
    OIDC_HOST,
    OIDC_SECRET,
    type Presented,
    probe,
    TOKEN_LIFE,
    tokens,
    withTokens,
} from "../support/workloadMtls";
import {
    kubectl,
    nodeNames,
    openPlatform,
    sandbox,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

const SERVER = "spiffe://demo.local/workload-mtls/server";
const CLIENT = "spiffe://demo.local/workload-mtls/client";
const ROTATIONS = 3;

let state: World;
let dir: string;
/** CA of the discovery provider's certificate, PEM. */
let ca: string;
/** Of a process in the client's pod that keeps its first SVID until it has expired. */
let expired: Promise<string>;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-mtls-"));
    state = await world();
    const archive = await ensureTestImageArchive([
        ...WORKLOAD_MTLS_SPECS,
        oidcDiscoveryProvider(state.outputs.spireVersion),
    ]);
    const nodes = nodeNames(state).map((name) => nodeNamed(sandbox, name));
    await Promise.all(nodes.map((node) => loadImages(node, archive)));
    // Before there are entries for them, so they have to wait.
    await kubectl(`apply -f ${MANIFEST}`);
    const { caFile, certFile, keyFile } = await makeCertificate(dir, `DNS:${OIDC_HOST}`);
    ca = await readFile(caFile, "utf8");
    await kubectl(
        `-n spire-system create secret tls ${OIDC_SECRET} --cert=${certFile} --key=${keyFile}`,
    );
    state.platform = await openPlatform(withTokens(documentedConfig()));
    await state.platform.up();
    await inNamespace("rollout", "status", "deployment/server", "--timeout=120s");
    await eventually("client", `answers of ${SERVER}`, ({ event }) => event === "answered");
    expired = probe("client", "expired", SERVER);
    // The test that awaits it tells.
    expired.catch(() => undefined);
});
after(async () => {
    await kubectl("delete namespace workload-mtls");
    state.platform = await openPlatform();
    await upThenQuiet(state);
    await kubectl(`-n spire-system delete secret ${OIDC_SECRET}`);
    await rm(dir, { recursive: true });
});

/** Waits until a program has written so many events that fit. */
async function eventually(
    app: App,
    what: string,
    fits: (event: Event) => boolean,
    count = 1,
): Promise<Event[]> {
    return await poll<Event[]>(180_000, what, async () => {
        const found = (await eventsOf(app)).filter(fits);
        return found.length >= count
            ? { done: found }
            : { waitingFor: `${app} has ${found.length} of ${count}` };
    });
}

/** What a probe is told while the server writes once more that it refuses somebody for this reason. */
async function refusal(reason: RegExp, attempt: () => Promise<string>): Promise<string> {
    const fits = (event: Event) => event.event === "refused" && reason.test(event.reason!);
    const before = (await eventsOf("server")).filter(fits).length;
    const told = await attempt();
    await eventually("server", `refusals that fit ${reason.source}`, fits, before + 1);
    return told;
}

/** A certificate with this SPIFFE ID by an authority that only this test knows. */
async function foreign(id: string): Promise<Presented> {
    const folder = join(dir, encodeURIComponent(id));
    await mkdir(folder);
    const { certFile, keyFile } = await makeCertificate(folder, `URI:${id}`);
    return { chain: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
}

describe("mutual TLS by the Workload API", () => {
    test("waits for its identities, and has each side verified", async () => {
        const client = await eventsOf("client");
        assert.equal(client[0]!.event, "waiting");
        assert.match(client[0]!.reason!, /no identity issued/);
        assert.ok(client.some(({ event }) => event === "connected"));
        await eventually(
            "server",
            "the client",
            (event) => event.event === "accepted" && event.client === CLIENT,
        );
        assert.equal(await probe("client", "own", SERVER), "answered: GET / HTTP/1.1");
    });

    test("refuses a client with another ID, and one that is no client of TLS", async () => {
        const attempts: [RegExp, () => Promise<string>][] = [
            [new RegExp(`^${SERVER} is not ${CLIENT}$`), () => probe("server", "own", SERVER)],
            [/_PEER_DID_NOT_RETURN_A_CERTIFICATE$/, () => probe("client", "none", SERVER)],
            [/^ERR_SSL_HTTP_REQUEST$/, () => probe("client", "plain", SERVER)],
        ];
        for (const [reason, attempt] of attempts) {
            assert.equal(await refusal(reason, attempt), "closed", reason.source);
        }
    });

    test("refuses another trust domain, whatever name it gives", async () => {
        for (const id of [CLIENT, "spiffe://other.example/workload-mtls/client"]) {
            const certificate = await foreign(id);
            const told = await refusal(/^UNABLE_TO_VERIFY_LEAF_SIGNATURE$/, () =>
                probe("client", certificate, SERVER),
            );
            assert.equal(told, "closed", id);
        }
    });

    test("has a client refuse a server with another ID", async () => {
        const told = await probe("client", "own", CLIENT);
        assert.equal(told, `${SERVER} is not ${CLIENT}`);
    });

    test("keeps its connection through three rotations, and opens new ones with the newest SVID", async () => {
        const identities = await eventually("server", "rotations", isIdentity, 1 + ROTATIONS);
        await eventually("client", "rotations", isIdentity, 1 + ROTATIONS);
        // Of the greeting after the last of them.
        await eventually("client", "greetings", isConnected, 1 + ROTATIONS);
        keptConnection(await eventsOf("client"));
        const events = await eventsOf("client");
        for (const [i, event] of events.entries()) {
            if (!isConnected(event)) continue;
            const newest = events.slice(0, i).findLast(isIdentity)!;
            assert.equal((event.client as { serial: string }).serial, newest.serial);
        }
        const served = new Set(events.filter(isConnected).map(({ server }) => server!.serial));
        assert.ok(served.size >= ROTATIONS, `${served.size} certificates of the server`);
        assert.ok(identities.slice(1).some(({ serial }) => served.has(serial!)));
    });

    test("refuses an SVID that has expired", async () => {
        assert.equal(await expired, "closed");
        const fits = ({ event, reason }: Event) =>
            event === "refused" && reason === "CERT_HAS_EXPIRED";
        await eventually("server", "a refusal of it", fits);
    });

    test("outlives its agent, and gets its identities from the next one", async () => {
        const node = "jsonpath={.items[0].spec.nodeName}";
        const of = await inNamespace("get", "pods", "-l", "app=client", "-o", node);
        const agent = "-l app.kubernetes.io/name=spire-agent";
        await kubectl(`-n spire-system delete pods ${agent} --field-selector spec.nodeName=${of}`);
        const before = (await eventsOf("client")).filter(isIdentity).length;
        await kubectl("-n spire-system rollout status daemonset/spire-agent --timeout=180s");
        // The first may be one that it had kept.
        await eventually("client", "identities", isIdentity, before + 2);
        keptConnection(await eventsOf("client"));
    });
});

describe("JWT-SVIDs by SPIRE's OIDC discovery provider", () => {
    const audience = "shop";
    const verify = (token: string, by = audience) =>
        tokens("server", "verify", token, `https://${OIDC_HOST}`, by, ca);

    test("tell another pod who has fetched them, for the audience that they are for", async () => {
        const token = await tokens("client", "fetch", audience);
        assert.equal(await verify(token), CLIENT);
        assert.equal(await verify(token, "bank"), "refused: ERR_JWT_CLAIM_VALIDATION_FAILED");
    });

    test("are refused when they were changed, and when they have expired", async () => {
        const token = await tokens("client", "fetch", audience);
        const [header, payload, signature] = token.split(".");
        const claims = JSON.parse(Buffer.from(payload!, "base64url").toString()) as object;
        const forged = Buffer.from(JSON.stringify({ ...claims, sub: SERVER })).toString(
            "base64url",
        );
        assert.equal(
            await verify([header, forged, signature].join(".")),
            "refused: ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
        );
        await new Promise((resolve) => setTimeout(resolve, (TOKEN_LIFE + 1) * 1000));
        assert.equal(await verify(token), "refused: ERR_JWT_EXPIRED");
    });
});

function isIdentity({ event }: Event): boolean {
    return event === "identity";
}

function isConnected({ event }: Event): boolean {
    return event === "connected";
}

/** Every number was answered once, in order, over one connection. */
function keptConnection(events: Event[]): void {
    const answered = events.filter(({ event }) => event === "answered");
    assert.deepEqual(
        answered.map(({ line }) => line),
        answered.map((_, i) => i + 1),
    );
    assert.equal(new Set(answered.map(({ connection }) => connection)).size, 1);
    // Before the first, it has to wait for the server.
    const since = events.slice(events.findIndex(isConnected));
    assert.deepEqual(
        since.filter(({ event }) => ["lost", "broken"].includes(event)),
        [],
    );
}
