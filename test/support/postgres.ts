/** A PostgreSQL on the host, with TLS and a password, which the pods of a sandbox reach at its bridge. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider/poll";
import type { Instance } from "../../sandbox/host/instance";
import { run, SOON } from "../../sandbox/host/shell";
import { makeCertificate } from "./certificate";

const PORT = 5432;
/** Debian's package makes this user. */
const USER = "postgres";

export interface Postgres {
    host: string;
    port: number;
    password: string;
    /** PEM file of the CA of the server's certificate. */
    caFile: string;
    /** Runs statements as one transaction in SPIRE's database, as the superuser. */
    psql: (sql: string) => Promise<string>;
    /** Throws the database `spire` away and makes an empty one. */
    lose: () => Promise<void>;
    stop: () => Promise<void>;
}

/** Starts an empty server with the database and role `spire`. */
export async function startPostgres({ apiAddress: host }: Instance): Promise<Postgres> {
    const bin = await binaries();
    // Below /tmp, because the user postgres may not enter root's directories.
    const dir = await mkdtemp("/tmp/cilium-spire-postgres-");
    await run("chown", [USER, dir]);
    const as = (...command: string[]) => run("setpriv", [...asUser, ...command]);
    // `verify-full` demands it for the address.
    const { caFile, certFile, keyFile } = await makeCertificate(dir, `IP:${host}`);
    await run("chown", [USER, certFile, keyFile]);
    const data = join(dir, "data");
    await as(join(bin, "initdb"), "-D", data, "--auth=scram-sha-256", "--auth-local=trust");
    await writeFile(
        join(data, "pg_hba.conf"),
        "local all all trust\nhostssl all all 0.0.0.0/0 scram-sha-256\n",
    );
    const settings = {
        listen_addresses: host,
        port: String(PORT),
        unix_socket_directories: dir,
        ssl: "on",
        ssl_cert_file: certFile,
        ssl_key_file: keyFile,
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    const server = spawn("setpriv", [...asUser, join(bin, "postgres"), "-D", data, ...flags], {
        stdio: "ignore",
    });
    const stop = () => stopServer(server, dir);
    try {
        const sqlIn = (database: string, sql: string) =>
            as(join(bin, "psql"), "-h", dir, "-d", database, "-qc", sql);
        const psql = (sql: string) => sqlIn("spire", sql);
        const first = (sql: string) => sqlIn("postgres", sql);
        await poll(30_000, "PostgreSQL", async () => ({ done: await first("SELECT 1") }), SOON);
        // Hexadecimal, so it needs no quoting in SQL; the `$` of other passwords is tested with the configuration.
        const password = randomBytes(16).toString("hex");
        await first(`CREATE ROLE spire LOGIN PASSWORD '${password}'`);
        const create = () => first("CREATE DATABASE spire OWNER spire");
        await create();
        const lose = async () => {
            await first("DROP DATABASE spire WITH (FORCE)");
            await create();
        };
        return { host, port: PORT, password, caFile, psql, lose, stop };
    } catch (error) {
        await stop();
        throw error;
    }
}

const asUser = ["--reuid", USER, "--regid", USER, "--init-groups"];

/** The directory of the server's programs; installed first where they are missing. */
async function binaries(): Promise<string> {
    const found = () => globSync("/usr/lib/postgresql/*/bin/postgres").sort().at(-1);
    if (!found()) {
        // Without this the package would make and start a server of its own.
        await run("mkdir", ["-p", "/etc/postgresql-common"]);
        await writeFile(
            "/etc/postgresql-common/createcluster.conf",
            "create_main_cluster = false\n",
        );
        await run("apt-get", ["-q", "update"], { timeoutMs: 300_000 });
        await run("apt-get", ["-q", "install", "-y", "--no-install-recommends", "postgresql"], {
            timeoutMs: 600_000,
            env: { DEBIAN_FRONTEND: "noninteractive" },
        });
    }
    const postgres = found();
    if (!postgres) throw new Error("the package postgresql has no server in /usr/lib/postgresql");
    return join(postgres, "..");
}

async function stopServer(server: ChildProcess, dir: string): Promise<void> {
    if (server.exitCode === null && server.signalCode === null) {
        // SIGINT: PostgreSQL's fast shutdown.
        server.kill("SIGINT");
        await once(server, "exit");
    }
    await rm(dir, { recursive: true, force: true });
}
