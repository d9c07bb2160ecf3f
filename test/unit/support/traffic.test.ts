/** The count of requests: each is counted once, by its fate, and gaps are seen. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import type { Fate } from "../../support/requests";
import { reportOf, type Sent, startClient } from "../../support/traffic";

const answered = (sent: number, ended = sent + 5): Sent => ({ sent, ended, fate: "answered" });

test("requests are counted by when they were sent, and the longest gap is one client's", () => {
    const a = [answered(900), answered(1000), answered(1500), answered(2000)];
    const b: Sent[] = [
        answered(1100),
        { sent: 1200, ended: 3200, fate: "lost" },
        { sent: 1300, ended: 1301, fate: "refused" },
        answered(1800),
    ];
    assert.deepEqual(reportOf([a, b], 1000, 2000), {
        ...{ sent: 6, answered: 4, refused: 1, lost: 1 },
        longestGapSeconds: 0.7,
    });
});

test("without an answer the whole time is a gap", () => {
    const { answered: none, longestGapSeconds } = reportOf([[]], 0, 90_000);
    assert.deepEqual([none, longestGapSeconds], [0, 90]);
});

test("a client tells answers, refusals and losses apart, and does not wait for one to send the next", async () => {
    for (const [fate, server] of [
        ["answered", createServer((_, response) => response.end())],
        ["refused", undefined],
        ["lost", createServer(() => {})],
    ] as const) {
        const client = startClient(`http://127.0.0.1:${await portOf(server)}/`);
        await poll<true>(60_000, `requests that are ${fate}`, () => {
            const fates = client.fates.map((each) => each.fate);
            const waitingFor = `there are ${fates.length}`;
            return Promise.resolve(fates.length < 5 ? { waitingFor } : { done: true });
        });
        await client.stop();
        server?.closeAllConnections();
        server?.close();
        assert.deepEqual(new Set(client.fates.map((each): Fate => each.fate)), new Set([fate]));
        const [first, second] = client.fates;
        assert.ok(second!.sent - first!.sent < 1500, "they wait for each other");
    }
});

/** Of a server that was started here, or of nobody. */
async function portOf(server: Server | undefined): Promise<number> {
    const listener = server ?? createServer();
    await once(listener.listen(0, "127.0.0.1"), "listening");
    const { port } = listener.address() as AddressInfo;
    if (!server) listener.close();
    return port;
}
