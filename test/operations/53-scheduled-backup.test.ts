/**
 * A copy of the datastore by the clock brings everything back, with the commands of docs/backup.md as they stand there: after
 * the server's volume was lost, and after the cluster was, with the stack's state.
 */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Entry, normalize, poll } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import { removeCluster } from "../../sandbox/cluster";
import { BACKUP_IMAGE } from "../../sandbox/build/testImages";
import { repositoryRoot } from "../../sandbox/host/paths";
import {
    backupJob,
    loadBackupImage,
    makeRecipient,
    type Recipient,
    removeBackupJobs,
    untilDoctorFinds,
} from "../support/backups";
import { documentedSteps, follow, linesOf } from "../support/followed";
import {
    byId,
    entriesOfOthers,
    inServer,
    loseVolume,
    startServer,
    stopServer,
} from "../support/losses";
import {
    agentId,
    kubectl,
    nodeNames,
    openPlatform,
    sandbox,
    spireServer,
    uidOf,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

const CRON_JOB = "-n spire-system get cronjob spire-backup -o jsonpath=";

let state: World;
let dir: string;
let recipient: Recipient;
let foreign: Entry[];
let bundle: string;

before(async () => {
    // Before the sandbox says where temporary files are: those there are lost with it.
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-scheduled-"));
    state = await world();
    await loadBackupImage(state);
    recipient = await makeRecipient(dir);
    await fill();
    bundle = await inServer(state, ["bundle", "show", "-format", "pem"]);
});
after(async () => {
    const ids = (await entriesOfOthers(state)).map(({ id }) => id);
    assert.deepEqual(await (await spireServer(state)).delete(ids), []);
    state.platform = await openPlatform();
    await upThenQuiet(state);
    await kubectl("-n spire-system delete pvc spire-backup --ignore-not-found");
    await rm(dir, { recursive: true });
});

describe("a copy by the clock", () => {
    test("is made when its time has come, and a preview stays quiet", async () => {
        await schedule("* * * * *");
        await poll(180_000, "a copy by the clock", async () => {
            const done = await kubectl(`${CRON_JOB}{.status.lastSuccessfulTime}`);
            return done === "" ? { waitingFor: "a Job that succeeded" } : { done };
        });
        // Nobody else may write while the tests count files.
        await schedule("0 0 1 1 *");
    });

    test("that is not made is found by the doctor, until the next one is", async () => {
        await schedule("* * * * *");
        await stopServer();
        await untilDoctorFinds(["backup-failed"], state, copies("* * * * *"));
        await removeBackupJobs();
        await startServer();
        await untilDoctorFinds([], state, copies("* * * * *"));
        await schedule("0 0 1 1 *");
        await removeBackupJobs();
    });

    test("keeps the newest files, and each is whole", async () => {
        for (const name of ["one", "two", "three"]) await backupJob(`spire-backup-${name}`);
        const files = (await filesOnVolume()).filter((name) => !name.startsWith("."));
        assert.equal(files.length, 2, files.join());
        assert.equal((await filesOnVolume()).length, 2, "nothing is half done");
        for (const name of files) assert.match(name, /^precinct-99-\d{8}T\d{6}Z\.tar\.cms$/);
    });

    test("is a Job that failed while the server is down, and what is there stays", async () => {
        const before = await filesOnVolume();
        await stopServer();
        await assert.rejects(backupJob("spire-backup-down"), /DeadlineExceeded/);
        await removeBackupJobs();
        await startServer();
        assert.deepEqual(await filesOnVolume(), before);
        await backupJob("spire-backup-last");
    });

    test("can be read by its recipient alone", async () => {
        const name = await fetchAndDecrypt();
        const file = await readFile(join(dir, name));
        for (const secret of ["SQLite format", "x509-CA-", "scheduled"]) {
            assert.ok(!file.includes(secret), secret);
        }
        const plain = await readFile(join(dir, "spire.tar"));
        for (const secret of ["SQLite format", "x509-CA-"]) assert.ok(plain.includes(secret));
        const { stdout } = await execa("tar", ["-tf", join(dir, "spire.tar")]);
        assert.deepEqual(stdout.split("\n"), ["datastore.sqlite3", "keys.json"]);
        await writeFile(
            join(dir, name),
            file.with(file.length >> 1, file.at(file.length >> 1)! ^ 1),
        );
        await assert.rejects(decrypt(name), "what was changed is refused");
        await writeFile(join(dir, name), file);
        assert.ok((await stat(join(dir, "spire.tar"))).size > 0);
        await decrypt(name);
    });
});

describe("a restore from it", () => {
    test("after the volume was lost, brings CA and entries back, and pods authenticate", async () => {
        await loseVolume(state);
        assert.notEqual(await shownBundle(), bundle);
        await restore();
        assert.equal(await shownBundle(), bundle);
        assert.deepEqual(await entriesOfOthers(state), foreign);
        await upThenQuiet(state);
        for (const { what, seen } of await state.demo.prove(180_000)) {
            console.log(`${what}: ${seen}`);
        }
    });

    test("after cluster and state were lost, what `backup` kept comes back to the new ones", async () => {
        await cli("backup", "dev", join(dir, "logical.json"));
        await removeCluster(sandbox);
        state = await world();
        await loadBackupImage(state);
        assert.notEqual(await shownBundle(), bundle);
        await cli("restore", "dev", join(dir, "logical.json"));
        const alive = foreign.filter(({ parentId }) => !parentId.includes("/spire/agent/"));
        assert.ok(alive.length > 0 && alive.length < foreign.length);
        assert.deepEqual(await entriesOfOthers(state), alive);
        for (const { what, seen } of await state.demo.prove(180_000)) {
            console.log(`${what}: ${seen}`);
        }
    });

    test("and the copy by the clock brings the CA back as well", async () => {
        await schedule("0 0 1 1 *");
        await restore();
        await state.platform.up({ refresh: true });
        assert.equal(await shownBundle(), bundle);
        assert.deepEqual(await entriesOfOthers(state), foreign);
        const agents = (await (await spireServer(state)).agents()).map((agent) => agent.spiffeId);
        const now = Object.values(state.outputs.agents!);
        assert.ok(now.every((id) => agents.includes(id)));
        // The whole proof would count identities of the cluster before, which the copy has.
        await state.demo.forgetAuthentications();
        const seconds = await state.demo.waitUntilConnected(180_000);
        console.log(`pods of the new cluster authenticate with the CA of before: ${seconds} s`);
    });
});

/** Copies at these times, as a stack's `spire` has them. */
const copies = (when: string) => ({
    server: {
        backup: {
            ...{ schedule: when, image: BACKUP_IMAGE, keep: 2, timeout: "45s" },
            ...{ storage: { size: "1Gi" }, encryptFor: [recipient.certificate] },
        },
    },
});

/** The stack with copies at these times. */
async function schedule(when: string): Promise<void> {
    state.platform = await openPlatform({ "cilium-spire:spire": copies(when) });
    await upThenQuiet(state);
}

/** Entries of others: two that live in any cluster, one under an agent. */
async function fill(): Promise<void> {
    const home = `spiffe://${state.outputs.trustDomain}`;
    const [node] = nodeNames(state);
    const entry = (name: string, parentId: string, selector: string): Entry =>
        normalize({
            ...{ id: `scheduled.${name}`, spiffeId: `${home}/scheduled/${name}`, parentId },
            selectors: [selector],
        });
    foreign = byId([
        entry("alias", `${home}/spire/server`, `k8s_psat:cluster:${state.outputs.clusterName}`),
        entry("under-alias", `${home}/scheduled/alias`, "k8s:ns:scheduled"),
        entry("under-agent", agentId(state, await uidOf(node!)), "k8s:ns:scheduled-too"),
    ]);
    assert.deepEqual(await (await spireServer(state)).create(foreign), []);
}

async function fetchAndDecrypt(): Promise<string> {
    const { fetch, decrypt } = documentedSteps();
    await follow(dir, [fetch, decrypt]);
    return (await readdir(dir)).find((name) => name.endsWith(".cms"))!;
}

async function decrypt(name: string): Promise<void> {
    await follow(dir, [`FILE=${name}`, documentedSteps().decrypt]);
}

/** Up to `pulumi up`, which is that of another stack there. */
async function restore(): Promise<void> {
    await follow(dir, [documentedSteps().sqlite, ...linesOf("then", /^kubectl/)]);
}

async function shownBundle(): Promise<string> {
    return await inServer(state, ["bundle", "show", "-format", "pem"]);
}

/** Hidden ones as well. */
async function filesOnVolume(): Promise<string[]> {
    const [apply, wait, remove] = linesOf("fetch", /^kubectl .* (apply|wait|delete) /);
    const list = "kubectl -n spire-system exec spire-volumes -- ls -A /files";
    const text = await follow(dir, [apply!, wait!, list, remove!]);
    return text.split("\n").filter((line) => line.includes("precinct-99"));
}

async function cli(...args: string[]): Promise<void> {
    const program = join(repositoryRoot, "cli", "run.js");
    await execa("node", [program, ...args], { cwd: repositoryRoot, timeout: 300_000 });
}
