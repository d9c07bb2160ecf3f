/** Every configuration that the options can make is one that SPIRE itself accepts: real binaries judge. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import * as fc from "fast-check";
import { ensureBinary } from "../../../../sandbox/build/binaries";
import { wantedVersions } from "../../../../sandbox/build/versions";
import { run } from "../../../../sandbox/host/shell";
import { confText } from "../../../../components/spire/confText";
import { decode, validSpire } from "./arbitrary";
import { agentConfOf, serverConfOf } from "./confs";

/** One of server and agent takes about 0.1 s. */
const RUNS = 50;
/** The binaries' version, and lifetimes that leave room for every other one: else most draws would lose theirs. */
const { spire } = wantedVersions();
const version = { version: spire, agent: { version: spire } };
const long = { ...version, server: { caTtl: "1176h", x509SvidTtl: "168h" } };

let dir = "";
before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-validate-"));
    await selfSigned();
});
after(() => rm(dir, { recursive: true }));

/** `validate` loads the bundle endpoint's certificate from where the pod would have it. */
async function selfSigned(): Promise<void> {
    const [key, cert] = [join(dir, "tls.key"), join(dir, "tls.crt")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const subject = ["-subj", "/CN=test", "-days", "1"];
    await run("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert]);
}

async function validate(component: "server" | "agent", conf: object): Promise<void> {
    const file = join(dir, `${component}.conf`);
    const text = confText(conf)
        .replace(/("cert_file_path": ")\/run\/spire\/federation\/[^"]*/, `$1${dir}/tls.crt`)
        .replace(/("key_file_path": ")\/run\/spire\/federation\/[^"]*/, `$1${dir}/tls.key`);
    await writeFile(file, text);
    const binary = await ensureBinary(`spire-${component}`);
    await run(binary, ["validate", "-config", file]).catch((error: unknown) => {
        const problem = `spire-${component} refuses its configuration: ${messageOf(error)}`;
        throw new Error(`${problem}\n${text}`);
    });
}

test("spire-server and spire-agent accept every configuration that can be made", async () => {
    await fc.assert(
        fc.asyncProperty(fc.oneof(validSpire(version), validSpire(long)), async (spire) => {
            const settings = decode(spire);
            await Promise.all([
                validate("server", serverConfOf(settings)),
                validate("agent", agentConfOf(settings)),
            ]);
        }),
        { numRuns: RUNS },
    );
});

test("they refuse what is not a configuration, so the test above can fail", async () => {
    const conf = { server: { trust_domain: "demo.local", no_such_key: 1 }, plugins: {} };
    await assert.rejects(validate("server", conf), /spire-server refuses/);
    await assert.rejects(validate("agent", { agent: { no_such_key: 1 } }), /spire-agent refuses/);
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
