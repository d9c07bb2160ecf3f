/** examples/workload-mtls: which certificates it takes for whom, over real connections, with certificates of openssl. */
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";
import { connect, contextOf, createServer } from "../../../examples/workload-mtls/src/mtls";
import { parseSpiffeId, spiffeIdOf } from "../../../examples/workload-mtls/src/spiffeId";
import {
    authoritiesFor,
    type Identity,
    identityOf,
} from "../../../examples/workload-mtls/src/workloadApi";
import { run } from "../../../sandbox/host/shell";
import { read } from "../../support/markdown";

let dir: string;
before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-svids-"));
    for (const authority of ["own", "other"]) {
        const files = ["-keyout", `${authority}.key`, "-out", `${authority}.crt`];
        await openssl(...["req", "-x509", ...KEY, ...files, "-subj", `/CN=${authority}`]);
    }
});
after(() => rm(dir, { recursive: true }));

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

async function openssl(...args: string[]): Promise<void> {
    await run("openssl", args, { cwd: dir });
}

const pem = (file: string) => readFile(join(dir, file), "utf8");
const der = async (file: string) => new X509Certificate(await pem(file)).raw;

/**
 * A certificate with these names, such as `URI:spiffe://own/a`.
 *
 * @returns what the Workload API would give its holder.
 */
async function svid(names: string[], authority = "own", isCa = false): Promise<Identity> {
    const list = names.map((name, i) => name.replace(":", `.${i} = `));
    const is = `basicConstraints = critical,CA:${isCa ? "TRUE" : "FALSE"}`;
    const extensions = ["[svid]", is, "subjectAltName = @names", "[names]", ...list, ""];
    const config = ["[req]", "distinguished_name = dn", "[dn]", ...extensions];
    await writeFile(join(dir, "svid.cnf"), config.join("\n"));
    const issued = ["-CA", `${authority}.crt`, "-CAkey", `${authority}.key`, "-subj", "/CN=x"];
    const configured = ["-config", "svid.cnf", "-extensions", "svid"];
    const files = ["-keyout", "svid.key", "-out", "svid.crt"];
    await openssl("req", "-x509", ...KEY, ...issued, ...configured, ...files);
    const key = createPrivateKey(await pem("svid.key"));
    const x509SvidKey = key.export({ format: "der", type: "pkcs8" });
    const [x509Svid, bundle] = [await der("svid.crt"), await der("own.crt")];
    const other = await der("other.crt");
    return identityOf({
        svids: [{ spiffeId: "spiffe://own/x", x509Svid, x509SvidKey, bundle }],
        // During a rotation of an authority there are two.
        federatedBundles: { "spiffe://other": Buffer.concat([other, bundle]) },
    });
}

test("its packages are those with which it is compiled and tested here", () => {
    type Manifest = Record<"dependencies" | "devDependencies", Record<string, string>>;
    const { dependencies, devDependencies } = JSON.parse(
        read("examples/workload-mtls/package.json"),
    ) as Manifest;
    const ours = (JSON.parse(read("package.json")) as Manifest).devDependencies;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        assert.equal(version, ours[name], name);
    }
});

describe("a SPIFFE ID", () => {
    test("of a workload has a trust domain and a path", () => {
        const uri = "spiffe://example.org/ns/shop/sa/a.b_c-D";
        assert.deepEqual(parseSpiffeId(uri), { uri, trustDomain: "example.org" });
    });

    for (const text of [
        ...["", "spiffe://example.org", "spiffe://example.org/", "spiffe:///a", "https://a/b"],
        ...["spiffe://Example.org/a", "spiffe://a/b/", "spiffe://a//b", "spiffe://a/../b"],
        ...[
            "spiffe://a/b?c",
            "spiffe://a/b#c",
            "spiffe://a:1/b",
            "spiffe://u@a/b",
            "spiffe://a/%41",
        ],
        ...["SPIFFE://a/b", "spiffe://a/b\n", " spiffe://a/b", `spiffe://a/${"b".repeat(2048)}`],
    ]) {
        test(`${JSON.stringify(text.slice(0, 40))} is none`, () => {
            assert.throws(() => parseSpiffeId(text), /is not the SPIFFE ID of a workload/);
        });
    }

    const idOf = async (names: string[], isCa = false) =>
        spiffeIdOf((await svid(names, "own", isCa)).certificate).uri;

    test("is the only URI of a certificate, which may have other names", async () => {
        assert.equal(
            await idOf(["URI:spiffe://own/a", "DNS:a.example.org", "IP:10.0.0.1"]),
            "spiffe://own/a",
        );
    });

    test("is in none with two URIs, with none, or of an authority", async () => {
        await assert.rejects(idOf(["URI:spiffe://own/a", "URI:spiffe://own/b"]), /has 2 URIs/);
        await assert.rejects(idOf(["URI:spiffe://own/a", "URI:https://own/b"]), /has 2 URIs/);
        await assert.rejects(idOf(["DNS:spiffe"]), /has 0 URIs/);
        await assert.rejects(idOf(["URI:spiffe://own/a"], true), /is an authority's/);
    });

    test("cannot be smuggled in through another name", async () => {
        const name = "DNS:a, URI:spiffe://own/a";
        await assert.rejects(idOf([name]), /has 0 URIs/);
        assert.equal(await idOf([name, "URI:spiffe://own/b"]), "spiffe://own/b");
        await assert.rejects(
            idOf(['URI:spiffe://own/a", URI:spiffe://own/b']),
            /is not the SPIFFE ID/,
        );
    });
});

describe("the authorities for a peer", () => {
    test("are those of its trust domain alone, and of no domain that is not known", async () => {
        const identity = await svid(["URI:spiffe://own/x"]);
        const names = (peer: string) =>
            authoritiesFor(parseSpiffeId(peer), identity)
                .split(/(?<=-----END CERTIFICATE-----\n)/)
                .map((text) => new X509Certificate(text).subject);
        assert.deepEqual(names("spiffe://own/y"), ["CN=own"]);
        assert.deepEqual(names("spiffe://other/y"), ["CN=other", "CN=own"]);
        assert.throws(
            () => names("spiffe://third/y"),
            /no bundle of the trust domain third for spiffe:\/\/own\/x; add it to federatesWith/,
        );
    });
});

describe("a server", () => {
    const SERVER = parseSpiffeId("spiffe://own/server");

    /** What becomes of a client where only one ID is expected: `accepted`, or why it was refused. */
    async function outcome(expected: string, identity: Identity): Promise<string> {
        const client = parseSpiffeId(expected);
        const own = await svid([`URI:${SERVER.uri}`]);
        // Without the authority that the test's bundle of `other` has besides.
        const other = await pem("other.crt");
        const knowing = { ...own, bundles: new Map([...own.bundles, ["other", other]]) };
        return await new Promise((resolve, reject) => {
            const server = createServer(knowing, client, {
                accepted: (socket) => {
                    socket.destroy();
                    resolve("accepted");
                },
                refused: resolve,
            });
            server.listen(0, "127.0.0.1", () => {
                const { port } = server.address() as AddressInfo;
                connect(identity, { host: "127.0.0.1", port }, SERVER)
                    .then((socket) =>
                        once(
                            socket.on("error", () => undefined),
                            "close",
                        ),
                    )
                    .catch(reject)
                    .finally(() => server.close());
            });
        });
    }

    test("believes the authorities of its own domain, and of another one, each for its own names", async () => {
        assert.equal(
            await outcome("spiffe://own/a", await svid(["URI:spiffe://own/a"])),
            "accepted",
        );
        const federated = await svid(["URI:spiffe://other/a"], "other");
        assert.equal(await outcome("spiffe://other/a", federated), "accepted");
        // The second when the client sends its authority as well.
        const refused = /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/;
        const posing = await svid(["URI:spiffe://own/a"], "other");
        assert.match(await outcome("spiffe://own/a", posing), refused);
        const ours = await svid(["URI:spiffe://other/a"], "own");
        assert.match(await outcome("spiffe://other/a", ours), refused);
    });

    test("resumes no session", async () => {
        const client = parseSpiffeId("spiffe://own/a");
        const identity = await svid(["URI:spiffe://own/a"]);
        const server = createServer(await svid([`URI:${SERVER.uri}`]), client, {
            accepted: (socket) => socket.end("hello"),
            refused: (reason) => assert.fail(reason),
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        const options = { ...contextOf(identity, SERVER), host: "127.0.0.1", port };
        const open = async (session?: Buffer) => {
            const socket = tls.connect({
                ...options,
                session,
                checkServerIdentity: () => undefined,
            });
            let given: Buffer | undefined;
            socket.on("session", (each: Buffer) => (given = each));
            await once(socket, "secureConnect");
            const reused = socket.isSessionReused();
            await once(socket.resume(), "close");
            return { given, reused };
        };
        const { given } = await open();
        assert.ok(given, "no session was given, so nothing is tested");
        assert.equal((await open(given)).reused, false);
        server.close();
    });
});
