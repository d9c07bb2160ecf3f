/**
 * What signs is replaced, by hand and by itself, and the server is away, while pods send requests.
 */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { record } from "../../automation/operationsRecord";
import {
    type Kind,
    authorities,
    localAuthority,
    newAuthority,
    trusted,
} from "../support/authority";
import { Traffic } from "../support/traffic";
import {
    kubectl,
    openPlatform,
    spireServer,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

/** As short as SPIRE can: its server looks every 10 s whether it is time. */
const SHORT = { caTtl: "3m", x509SvidTtl: "30s", jwtSvidTtl: "30s" };
const [CA_MS, SVID_MS] = [180_000, 30_000];
/** Less than the half of an SVID's life, after which the agents ask for the next one. */
const AWAY_MS = 60_000;
/** Agents ask for bundle and tainted keys every 5 s (SPIRE's pkg/agent/manager, SyncInterval); Cilium follows at once. */
const KNOWN_TO_ALL_MS = 15_000;
/** Of the agents, when each has replaced what a tainted authority had signed (pkg/agent/manager/cache/lru_cache.go). */
const RENEWED = "Finished processing all tainted entries";

let state: World;
let traffic: Traffic;

before(async () => {
    state = await world();
    await state.demo.waitUntilConnected(120_000);
    traffic = await Traffic.start(state.cluster);
});
after(async () => {
    await traffic.stop();
    state.platform = await openPlatform();
    await upThenQuiet(state);
    await sign("x509"); // with a CA that lives as long as the configuration has it
    await state.demo.waitUntilConnected(120_000);
});

describe("by hand, a key that signs", () => {
    for (const kind of ["x509", "jwt"] as const) {
        test(`is replaced and revoked (${kind}), and pods go on to authenticate`, async () => {
            const report = await traffic.during(async () => {
                const { active: stolen } = await authorities(state, kind);
                await sign(kind);
                const since = new Date().toISOString();
                await localAuthority(state, kind, "taint", stolen);
                if (kind === "x509") await renewedSince(since);
                const before = await trusted(state, kind);
                await localAuthority(state, kind, "revoke", stolen);
                assert.equal(await trusted(state, kind), before - 1);
                assert.notEqual((await authorities(state, kind)).active, stolen);
                await setTimeout(KNOWN_TO_ALL_MS);
                // With SVIDs of the revoked CA, a handshake would fail now.
                await state.demo.prove(60_000);
            }, state.demo);
            const operation = `${kind === "x509" ? "the X.509 CA" : "the JWT key"} replaced and revoked by hand`;
            record({ operation, ...report });
            assert.equal(report.lost + report.refused, 0);
        });
    }
});

describe("a server that is away", () => {
    test("is not missed by pairs that are authenticated, and takes up its work when it is back", async () => {
        const away = await traffic.during(async () => {
            await kubectl("-n spire-system scale statefulset/spire-server --replicas=0");
            await kubectl("-n spire-system wait --for=delete pod/spire-server-0 --timeout=60s");
            await setTimeout(AWAY_MS);
        });
        const back = await traffic.during(async () => {
            await kubectl("-n spire-system scale statefulset/spire-server --replicas=1");
            await spireServer(state);
            await state.demo.waitUntilConnected(180_000);
        });
        record({ operation: "the server away for a minute (x509SvidTtl 1h)", ...away });
        record({ operation: "the server back", ...back });
        assert.equal(away.lost + away.refused + back.lost + back.refused, 0);
        await state.demo.prove(60_000);
    });
});

describe("by itself", () => {
    test("a CA that ends is replaced before, and pods go on to authenticate", async () => {
        state.platform = await openPlatform({ "cilium-spire:spire": { server: SHORT } });
        await upThenQuiet(state);
        await sign("x509");
        const short = (await authorities(state, "x509")).active!;
        const report = await traffic.during(async () => {
            await newAuthority(state, "x509", [short], CA_MS);
            await setTimeout(SVID_MS);
            await state.demo.prove(60_000);
        }, state.demo);
        record({ operation: "the X.509 CA replaced by itself (caTtl 3m)", ...report });
        assert.equal(report.lost + report.refused, 0);
    });
});

/** Makes a new key, and signs with it when all know it. */
async function sign(kind: Kind): Promise<void> {
    const { prepared } = await authorities(state, kind);
    if (prepared === undefined) await localAuthority(state, kind, "prepare");
    await setTimeout(KNOWN_TO_ALL_MS);
    const ready = (await authorities(state, kind)).prepared;
    // The server, too, replaces what ends, and was faster: its new key may be one for a configuration of before.
    if (ready === undefined) await sign(kind);
    else await localAuthority(state, kind, "activate", ready);
}

/** Waits until each agent says that it has renewed what a tainted authority had signed. */
async function renewedSince(time: string): Promise<void> {
    const names = await kubectl(
        "-n spire-system get pods -l app.kubernetes.io/name=spire-agent -o jsonpath={.items[*].metadata.name}",
    );
    await poll(90_000, "agents that renewed all SVIDs", async () => {
        const logs = names.split(" ").map(async (name) => ({
            name,
            log: await kubectl(`-n spire-system logs ${name} --since-time=${time}`),
        }));
        const late = (await Promise.all(logs)).filter(({ log }) => !log.includes(RENEWED));
        const waitingFor = late.map(({ name }) => name).join(", ");
        return waitingFor ? { waitingFor } : { done: true };
    });
}
