/** Every configuration that the options can make is one that SPIRE itself accepts: real binaries judge. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { ensureBinary } from "../../../../sandbox/build/binaries";
import { wantedVersions } from "../../../../sandbox/build/versions";
import { run } from "../../../../sandbox/host/shell";
import { confText } from "../../../../components/spire/confText";
import { makeCertificate, validateConfiguration } from "../../../support/spireValidate";
import { decode, validSpire } from "./arbitrary";
import { agentConfOf, serverConfOf } from "./confs";

/** One of server and agent takes about 0.1 s. */
const RUNS = 15;
/** The binaries' version, and lifetimes that leave room for every other one: else most draws would lose theirs. */
const { spire } = wantedVersions();
const version = { version: spire, agent: { version: spire } };
const long = { ...version, server: { caTtl: "1176h", x509SvidTtl: "168h" } };

let dir = "";
before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-validate-"));
    await makeCertificate(dir);
});
after(() => rm(dir, { recursive: true }));

test("spire-server and spire-agent accept every configuration that can be made", async () => {
    await fc.assert(
        fc.asyncProperty(fc.oneof(validSpire(version), validSpire(long)), async (spire) => {
            const settings = decode(spire);
            await Promise.all([
                validateConfiguration("server", confText(serverConfOf(settings)), dir),
                validateConfiguration("agent", confText(agentConfOf(settings)), dir),
            ]);
        }),
        { numRuns: RUNS },
    );
});

test("they refuse what is not a configuration, so the test above can fail", async () => {
    const conf = { server: { trust_domain: "demo.local", no_such_key: 1 }, plugins: {} };
    const agent = { agent: { no_such_key: 1 } };
    await assert.rejects(
        validateConfiguration("server", confText(conf), dir),
        /spire-server refuses/,
    );
    await assert.rejects(
        validateConfiguration("agent", confText(agent), dir),
        /spire-agent refuses/,
    );
});

test("SPIRE takes every string as it is written, and expands nothing in it", async () => {
    const user = "${' host='127.0.0.2' port='2' x='}";
    const datastore = { type: "postgres", host: "127.0.0.1", port: 1, user };
    const passwordSecret = { name: "db" };
    const conf = serverConfOf(decode({ server: { datastore: { ...datastore, passwordSecret } } }));
    const here = { data_dir: dir, socket_path: join(dir, "api.sock"), bind_port: "0" };
    const { server } = conf as { server: object };
    const file = join(dir, "literal.conf");
    await writeFile(file, confText({ ...conf, server: { ...server, ...here } }));
    await assert.rejects(
        run(await ensureBinary("spire-server"), ["run", "-config", file]),
        /dial tcp 127\.0\.0\.1:1: connect: connection refused/,
    );
});
