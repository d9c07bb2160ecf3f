/** A SPIRE server loses all that it has, and gets it back: by an `up` what the stack writes, by a restore what others wrote. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Entry, normalize } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import { type Backup, backupOf } from "../../backup/document";
import { repositoryRoot } from "../../sandbox/host/paths";
import { byId, entriesOfOthers, inServer, loseVolume } from "../support/losses";
import {
    agentId,
    nodeNames,
    spireServer,
    uidOf,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

const PROGRAM = join(repositoryRoot, "cli", "run.js");
const FRIEND = "friend.test";
const GONE = "00000000-0000-4000-8000-000000000000";
/** Beside those with something special. */
const MANY = 700;

let state: World;
let dir: string;
let file: string;
/** Those that others wrote, with a parent that is still there. */
let foreign: Entry[];
let kept: Backup;

before(async () => {
    state = await world();
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-backup-"));
    file = join(dir, "backup.json");
    await fill();
});
after(async () => {
    // The sandbox goes on to other tests.
    const ids = (await entriesOfOthers(state)).map(({ id }) => id);
    assert.deepEqual(await (await spireServer(state)).delete(ids), []);
    await inServer(state, ["federation", "delete", "-id", FRIEND]);
    await inServer(state, ["bundle", "delete", "-id", `spiffe://${FRIEND}`]);
    await rm(dir, { recursive: true });
});

describe("backup", () => {
    test("keeps all that the server has, readable by its owner alone", async () => {
        const seconds = await timed(() => succeeds("backup", "dev", file));
        assert.equal((await stat(file)).mode & 0o777, 0o600);
        kept = await content(file);
        const live = await (await spireServer(state)).entries();
        assert.deepEqual(byId(kept.entries), byId(live));
        assert.deepEqual(Object.keys(kept.federatedBundles), [FRIEND]);
        assert.deepEqual(kept.federation, [
            { trustDomain: FRIEND, url: "https://friend.test/", profile: "https_web" },
        ]);
        assert.deepEqual(
            kept.agents.map(({ spiffeId }) => spiffeId).sort(),
            Object.values(state.outputs.agents!).sort(),
        );
        assert.match(kept.serverConf!, /"trust_domain"/);
        console.log(`backup of ${kept.entries.length} entries: ${seconds} s`);
    });

    test("holds no private key and no password", async () => {
        const text = await readFile(file, "utf8");
        assert.doesNotMatch(text, /PRIVATE KEY|password|"d":/i);
        // As SPIRE keeps the keys of its CA (pkg/server/plugin/keymanager/disk).
        assert.doesNotMatch(text, /x509-CA-|JWT-Signer/i);
    });

    test("needs no stack: the cluster's Cilium says where the server is", async () => {
        const other = join(dir, "by-kubeconfig.json");
        await succeeds("backup", other);
        const { entries, serverConf } = await content(other);
        assert.deepEqual(byId(entries), byId(kept.entries));
        assert.equal(serverConf, undefined);
    });
});

describe("restore", () => {
    test("has nothing to do where nothing was lost", async () => {
        const { stdout } = await succeeds("restore", "dev", file);
        assert.match(stdout, new RegExp(`^0 to write, ${foreign.length + 2} there already$`, "m"));
        assert.doesNotMatch(stdout, /^note/m);
    });

    test("brings back what others wrote, after an up on an empty server", async () => {
        await loseVolume(state);
        await upThenQuiet(state);
        assert.equal((await entriesOfOthers(state)).length, 0);

        const tried = await succeeds("restore", "dev", file, "--dry-run");
        assert.match(tried.stdout, new RegExp(`^${foreign.length + 2} to write, 0 there`, "m"));
        assert.match(tried.stdout, /^note: The server's CA is another/m);
        assert.equal((await entriesOfOthers(state)).length, 0, "a dry run writes nothing");

        const seconds = await timed(() => succeeds("restore", "dev", file));
        const found = await entriesOfOthers(state);
        assert.deepEqual(byId(found), byId(foreign));
        console.log(`restore of ${found.length} entries, read back: ${seconds} s`);
        assert.ok((await bundleOf(FRIEND)).includes("x509-svid"));
        const again = await succeeds("restore", "dev", file);
        assert.match(again.stdout, new RegExp(`^0 to write, ${foreign.length + 2} there`, "m"));
    });

    test("leaves to the stack and to cilium-operator what they write, and says which nodes are gone", async () => {
        const { stdout } = await succeeds("restore", "dev", file, "--dry-run");
        assert.match(stdout, /^left out: \d+, the stack's own, which `pulumi up` writes$/m);
        assert.match(stdout, /^left out: \d+, Cilium's identities, /m);
        assert.match(stdout, /^left out: 1, under agents of nodes .*\n {4}backup\.gone \(/m);
    });

    test("authentication works: pods prove who they are to each other", async () => {
        for (const { what, seen } of await state.demo.prove(180_000)) {
            console.log(`${what}: ${seen}`);
        }
    });

    test("refuses what somebody has changed since, until it is told", async () => {
        const server = await spireServer(state);
        const [one] = foreign;
        assert.deepEqual(await server.update([{ ...one!, hint: "since" }]), []);
        const refused = await cli("restore", "dev", file);
        assert.equal(refused.exitCode, 1, refused.stdout);
        assert.match(refused.stdout, /^1 in the way, so nothing is written/m);
        await succeeds("restore", "dev", file, "--conflicts", "overwrite");
        assert.deepEqual(byId(await entriesOfOthers(state)), byId(foreign));
    });
});

/** Entries of others, in every shape, and another trust domain. */
async function fill(): Promise<void> {
    const { trustDomain } = state.outputs;
    const [node] = nodeNames(state);
    const parentId = agentId(state, await uidOf(node!));
    const home = `spiffe://${trustDomain}`;
    const bundle = await inServer(state, ["bundle", "show", "-format", "spiffe"]);
    await inServer(
        state,
        ["bundle", "set", "-id", `spiffe://${FRIEND}`, "-format", "spiffe"],
        bundle,
    );
    const place = ["-trustDomain", FRIEND, "-bundleEndpointURL", "https://friend.test/"];
    await inServer(state, [
        "federation",
        "create",
        ...place,
        "-bundleEndpointProfile",
        "https_web",
    ]);
    const entry = (name: string, more: Partial<Entry> = {}): Entry =>
        normalize({
            ...{ id: `backup.${name}`, spiffeId: `${home}/backup/${name}`, parentId },
            ...{ selectors: [`k8s:ns:backup`, `k8s:sa:${name}`], ...more },
        });
    foreign = [
        entry("everything", {
            ...{ x509SvidTtl: 1800, jwtSvidTtl: 120, hint: "external", downstream: true },
            ...{ dnsNames: ["a.backup.svc", "b.backup.svc"], federatesWith: [FRIEND] },
            ...{ expiresAt: Math.floor(Date.now() / 1000) + 86_400 },
            additionalAttributes: { disable_x509_svid_prefetch: true },
        }),
        entry("admin", { admin: true }),
        entry("alias", {
            parentId: `${home}/spire/server`,
            selectors: [`k8s_psat:cluster:${state.outputs.clusterName}`],
        }),
        entry("under-alias", { parentId: `${home}/backup/alias`, storeSvid: true }),
        ...Array.from({ length: MANY }, (_, i) => entry(`many-${i}`)),
    ];
    const gone = entry("gone", { parentId: agentId(state, GONE) });
    assert.deepEqual(await (await spireServer(state)).create([...foreign, gone]), []);
}

async function bundleOf(name: string): Promise<string> {
    return await inServer(state, [
        "bundle",
        "list",
        "-id",
        `spiffe://${name}`,
        "-format",
        "spiffe",
    ]);
}

async function content(path: string): Promise<Backup> {
    return backupOf(await readFile(path, "utf8"), path);
}

async function cli(...args: string[]) {
    const options = { cwd: repositoryRoot, reject: false, timeout: 300_000 } as const;
    return await execa("node", [PROGRAM, ...args], options);
}

async function succeeds(...args: string[]) {
    const result = await cli(...args);
    assert.equal(result.exitCode, 0, `${result.stdout}\n${result.stderr}`);
    return result;
}

async function timed(run: () => Promise<unknown>): Promise<string> {
    const start = performance.now();
    await run();
    return ((performance.now() - start) / 1000).toFixed(1);
}
