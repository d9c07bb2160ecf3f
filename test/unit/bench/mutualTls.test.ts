/** The two processes of the benchmark's mutual TLS: each answers, or asks, the one whose ID it was told, and no other. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import type { MutualTls } from "../../../bench/load";
import { makeCertificate } from "../../support/certificate";

const ID = "spiffe://bench.example/pod";
const OTHER = "spiffe://bench.example/other";

let dir: string;
let context: MutualTls["context"];

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-bench-"));
    const { caFile, certFile, keyFile } = await makeCertificate(dir, `URI:${ID}`);
    const [ca, cert, key] = await Promise.all(
        [caFile, certFile, keyFile].map((file) => readFile(file, "utf8")),
    );
    context = { ca, cert, key };
});
after(() => rm(dir, { recursive: true }));

/** One request; both have the certificate with {@link ID}. */
async function request(expected: { byClient: string; byServer: string }) {
    const node = (script: string, args: string[], peer: string) =>
        execa(process.execPath, [join(__dirname, "../../../bench", script), ...args], {
            ...{ input: JSON.stringify({ peer, context }), reject: false },
        });
    const server = node("answer.js", [], expected.byServer);
    try {
        const [port] = (await once(server.stdout, "data")) as unknown[];
        const url = `https://127.0.0.1:${String(port)}/`;
        return await node("load.js", [url, "first"], expected.byClient);
    } finally {
        server.kill();
        await server;
    }
}

test("a request is answered where both are who the other expects", async () => {
    const { exitCode, stdout, stderr } = await request({ byClient: ID, byServer: ID });
    assert.equal(exitCode, 0, stderr);
    assert.ok(Number(stdout) > 0);
});

test("a client asks no other server", async () => {
    const { exitCode, stderr } = await request({ byClient: OTHER, byServer: ID });
    assert.equal(exitCode, 1);
    assert.match(stderr, new RegExp(`URI:${ID} is not ${OTHER}`));
});

test("a server answers no other client", async () => {
    const { exitCode, stderr } = await request({ byClient: ID, byServer: OTHER });
    assert.equal(exitCode, 1);
    assert.match(stderr, /socket hang up|ECONNRESET/);
});
