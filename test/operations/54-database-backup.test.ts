/** The PostgreSQL of a SPIRE server is lost, and a copy by the clock brings it back, as docs/backup.md says. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Entry, normalize } from "@cilium-spire/entries-provider";
import type { Values } from "../../settings/cilium/values";
import { BACKUP_IMAGE } from "../../sandbox/build/testImages";
import { backupJob, loadBackupImage, makeRecipient } from "../support/backups";
import { documentedSteps, follow, linesOf } from "../support/followed";
import { entriesOfOthers, inServer, startServer, stopServer } from "../support/losses";
import { waitUntilRegistered } from "../support/identities";
import { type Postgres, startPostgres } from "../support/postgres";
import {
    kubectl,
    openPlatform,
    sandbox,
    spireServer,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

const SECRET = "spire-postgres";

let state: World;
let dir: string;
let postgres: Postgres;
let entry: Entry;
let bundle: string;

before(async () => {
    state = await world();
    await loadBackupImage(state);
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-database-"));
    postgres = await startPostgres(sandbox);
    const password = `--from-literal=password=${postgres.password}`;
    const ca = `--from-file=ca.crt=${postgres.caFile}`;
    await kubectl(`-n spire-system create secret generic ${SECRET} ${password} ${ca}`);
    await copyFile(postgres.caFile, join(dir, "ca.crt"));
    const { certificate } = await makeRecipient(dir);
    await moveTo(onDatabase(certificate));
    const home = `spiffe://${state.outputs.trustDomain}`;
    entry = normalize({
        ...{ id: "database.alias", spiffeId: `${home}/database/alias` },
        ...{ parentId: `${home}/spire/server`, selectors: ["k8s_psat:agent_ns:spire-system"] },
    });
    assert.deepEqual(await (await spireServer(state)).create([entry]), []);
    bundle = await shownBundle();
});
after(async () => {
    await moveTo({});
    // What came meanwhile is not in the datastore of before, and cilium-operator does not know that.
    await kubectl("-n kube-system rollout restart deployment cilium-operator");
    await waitUntilRegistered(state.cluster, state.outputs);
    await kubectl(`-n spire-system delete secret ${SECRET}`);
    await kubectl("-n spire-system delete pvc spire-backup --ignore-not-found");
    await postgres.stop();
    await rm(dir, { recursive: true });
});

test("pg_dump copies it with the server's own password, and keeps that to itself", async () => {
    await backupJob("spire-backup-database");
    const { fetch, decrypt } = documentedSteps();
    await follow(dir, [fetch, decrypt.replace("spire.tar", "spire.dump")], false);
    const [name] = (await readdir(dir)).filter((file) => file.endsWith(".cms"));
    const [file, dump] = await Promise.all(
        [name!, "spire.dump"].map((path) => readFile(join(dir, path))),
    );
    assert.match(name!, /^precinct-99-\d{8}T\d{6}Z\.dump\.cms$/);
    assert.ok(dump!.subarray(0, 5).equals(Buffer.from("PGDMP")));
    assert.ok(!file!.includes("PGDMP"));
    const objects = await kubectl("-n spire-system get cronjob,configmap -o yaml");
    for (const text of [dump!.toString("latin1"), objects]) {
        assert.ok(!text.includes(postgres.password));
    }
    // No key either: SPIRE's disk KeyManager calls them so.
    const sql = await follow(dir, ["pg_restore --file=- spire.dump"]);
    assert.match(sql, /CREATE TABLE public\.registered_entries/);
    assert.doesNotMatch(sql, /PRIVATE KEY|x509-CA-/);
});

test("an empty database takes it, and CA and entries are what they were", async () => {
    await stopServer();
    await postgres.lose();
    const documented = documentedSteps().postgres;
    const here = documented.replace("postgres.example.org", postgres.host);
    assert.notEqual(here, documented);
    await follow(dir, [`export PGPASSWORD=${postgres.password}`, here]);
    await startServer();
    assert.equal(await shownBundle(), bundle);
    assert.deepEqual(await entriesOfOthers(state), [entry]);
    await follow(dir, linesOf("then", /^kubectl/));
    await upThenQuiet(state);
    await waitUntilRegistered(state.cluster, state.outputs);
    for (const { what, seen } of await state.demo.prove(180_000)) console.log(`${what}: ${seen}`);
});

/** Another datastore. What the first `up` plans for the entries is of the one before. */
async function moveTo(config: Values): Promise<void> {
    state.platform = await openPlatform(config);
    await state.platform.up();
    await upThenQuiet(state);
}

/** PostgreSQL for the one server, and copies of it that never come by themselves. */
function onDatabase(certificate: string): Values {
    const datastore = {
        ...{ type: "postgres", host: postgres.host },
        ...{ passwordSecret: { name: SECRET }, rootCa: { name: SECRET } },
    };
    const backup = {
        ...{ schedule: "0 0 1 1 *", image: BACKUP_IMAGE, timeout: "2m" },
        ...{ storage: { size: "1Gi" }, encryptFor: [certificate] },
    };
    return { "cilium-spire:spire": { server: { datastore, backup } } };
}

async function shownBundle(): Promise<string> {
    return await inServer(state, ["bundle", "show", "-format", "pem"]);
}
