/** A watch outlives an API server that is away for a while. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { kubeconfigOf } from "../../support/fakeCluster";

const AWAY = /does not answer: .* Looking again every 5 s\.$/m;

/** Knows no Cilium, which ends a watch: there is nothing to examine. */
async function serve(port = 0): Promise<Server> {
    const server = createServer((_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ kind: "List", items: [] }));
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return server;
}

test("it says so, and looks again", { timeout: 120_000 }, async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-watch-"));
    // A port that is free, and closed for a while.
    const first = await serve();
    const { port } = first.address() as AddressInfo;
    await new Promise((resolve) => first.close(resolve));
    let back: Promise<Server> | undefined;
    try {
        const file = join(dir, "kubeconfig");
        await writeFile(file, JSON.stringify(kubeconfigOf(`http://127.0.0.1:${port}`)));
        const program = join(repositoryRoot, "cli", "run.js");
        const argv = [program, "doctor", "--watch", "--kubeconfig", file];
        const watch = execa("node", argv, { reject: false, timeout: 100_000 });
        let said = "";
        watch.stderr.on("data", (text: Buffer) => {
            said += text.toString();
            if (AWAY.test(said)) back ??= serve(port);
        });
        const { exitCode } = await watch;
        assert.match(said, AWAY);
        assert.match(said, /has no Cilium/);
        assert.equal(exitCode, 2, "ended by what the server then said");
    } finally {
        (await back)?.close();
        await rm(dir, { recursive: true });
    }
});
