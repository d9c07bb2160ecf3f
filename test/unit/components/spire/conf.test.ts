/** Configuration keys by version of SPIRE, and values that need care. `validate.test.ts` asks the real binaries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { confText } from "../../../../components/spire/confText";
import { datastoreParts, datastorePlugin } from "../../../../components/spire/datastore";
import { text } from "../../../../settings/words";
import { datastoreSettings } from "../../../../settings/spire/datastore";
import { decode } from "./arbitrary";
import { agentConfOf, serverConfOf } from "./confs";

function agentSection(version: string, agent: object = {}): Record<string, unknown> {
    const conf = plain(agentConfOf(decode({ version, agent })));
    return (conf as { agent: Record<string, unknown> }).agent;
}

/** What SPIRE reads: JSON text. */
function plain(conf: object): unknown {
    return JSON.parse(JSON.stringify(conf));
}

test("agents outlive a server that lost its CA, by the keys that their version knows", () => {
    for (const version of ["1.9.6", "1.10.4", "1.11.3", "1.12.6"]) {
        const { retry_bootstrap, rebootstrap_mode, rebootstrap_delay } = agentSection(version);
        assert.deepEqual(
            [retry_bootstrap, rebootstrap_mode, rebootstrap_delay],
            [true, undefined, undefined],
        );
    }
    for (const version of ["1.13.0", "1.13.6", "1.14.7", "1.15.3"]) {
        const { retry_bootstrap, rebootstrap_mode, rebootstrap_delay } = agentSection(version);
        assert.deepEqual(
            [retry_bootstrap, rebootstrap_mode, rebootstrap_delay],
            [undefined, "always", "1m"],
        );
    }
});

test("the size of the SVID cache was experimental before 1.11", () => {
    const cache = { x509SvidCacheMaxSize: 500 };
    const old = agentSection("1.10.4", cache);
    assert.deepEqual(old.experimental, { x509_svid_cache_max_size: 500 });
    assert.equal(old.x509_svid_cache_max_size, undefined);
    const now = agentSection("1.11.0", cache);
    assert.equal(now.x509_svid_cache_max_size, 500);
    assert.equal(now.experimental, undefined);
});

test("the container locator for cgroup v2 is asked for as long as it is not the default", () => {
    const locator = (version: string) => JSON.stringify(agentConfOf(decode({ version })));
    assert.match(locator("1.9.6"), /"use_new_container_locator":true/);
    assert.doesNotMatch(locator("1.11.0"), /use_new_container_locator/);
});

test("agents attest by unix as well where that is asked for, and hash programs up to a size only", () => {
    const attestors = (agent: object) => {
        const { plugins } = plain(agentConfOf(decode({ agent }))) as {
            plugins: { WorkloadAttestor: Record<string, { plugin_data: unknown }>[] };
        };
        return plugins.WorkloadAttestor.map((each) => [Object.keys(each)[0], each.unix]);
    };
    const unix = (discover_workload_path: boolean, workload_size_limit: number) => [
        ["k8s", undefined],
        ["unix", { plugin_data: { discover_workload_path, workload_size_limit } }],
    ];
    assert.deepEqual(attestors({}), [["k8s", undefined]]);
    assert.deepEqual(attestors({ unixAttestor: {} }), unix(false, -1));
    const discoverPath = { discoverPath: true };
    assert.deepEqual(attestors({ unixAttestor: discoverPath }), unix(true, -1));
    const sized = { ...discoverPath, sha256MaxSize: "1.5Mi" };
    assert.deepEqual(attestors({ unixAttestor: sized }), unix(true, 1572864));
});

test("only Cilium's agents may ask for others' identities, and only SPIRE's may attest as agents", () => {
    const settings = decode({ version: "1.15.3", agent: { namespace: "spire-agents" } });
    const { agent } = plain(agentConfOf(settings)) as { agent: Record<string, unknown> };
    const delegates = agent.authorized_delegates as string[];
    assert.equal(delegates.length, 1);
    assert.match(delegates[0]!, /^spiffe:\/\/[^/]+\/cilium-agent$/);
    const { server, plugins } = plain(serverConfOf(settings)) as {
        server: { admin_ids: string[] };
        plugins: { NodeAttestor: unknown };
    };
    assert.deepEqual(server.admin_ids, []);
    const lists = JSON.stringify(plugins.NodeAttestor).match(
        /"service_account_allow_list":\[.*?\]/g,
    );
    assert.deepEqual(lists, ['"service_account_allow_list":["spire-agents:spire-agent"]']);
});

test("a default server has no key that only some versions know", () => {
    const conf = plain(serverConfOf(decode({ version: "1.9.6" })));
    assert.deepEqual(Object.keys((conf as { server: object }).server).sort(), [
        "admin_ids",
        "audit_log_enabled",
        "bind_address",
        "bind_port",
        "ca_key_type",
        "ca_ttl",
        "data_dir",
        "default_jwt_svid_ttl",
        "default_x509_svid_ttl",
        "log_level",
        "ratelimit",
        "socket_path",
        "trust_domain",
    ]);
});

/** Reads libpq's keyword form as its documentation describes it (section 34.1.1.1). */
function parseConnectionString(text: string): Record<string, string> {
    const pairs = text.matchAll(/(\w+)='((?:[^'\\]|\\.)*)'(?: |$)/gs);
    return Object.fromEntries(
        [...pairs].map(([, key, value]) => [key!, value!.replace(/\\(.)/gs, "$1")]),
    );
}

test("no string begins what HCL reads in its own way, and all come out as they went in", () => {
    const words = fc.array(fc.constantFrom("$", "{", "}", "\\", '"', "'", "a", "\n"));
    fc.assert(
        fc.property(
            fc.dictionary(
                fc.string(),
                words.map((word) => word.join("")),
            ),
            (conf) => {
                const text = confText(conf);
                assert.doesNotMatch(text, /\$\{/);
                assert.deepEqual(JSON.parse(text), plain(conf));
            },
        ),
    );
});

test("any name of a role or database survives the connection string", () => {
    const name = fc
        .string({ minLength: 1, maxLength: 63, unit: "binary" })
        .filter((drawn) => text(63).safeParse(drawn).success);
    fc.assert(
        fc.property(name, name, (user, database) => {
            const settings = datastoreSettings.parse({
                type: "postgres",
                host: "db.example.org",
                user,
                database,
            });
            const plugin = JSON.stringify(datastorePlugin(settings, "/data"));
            const [{ sql }] = JSON.parse(plugin) as [
                { sql: { plugin_data: { connection_string: string } } },
            ];
            assert.deepEqual(parseConnectionString(sql.plugin_data.connection_string), {
                host: "db.example.org",
                port: "5432",
                user,
                dbname: database,
                sslmode: "verify-full",
            });
        }),
    );
});

test("certificates for PostgreSQL are where the connection string says, readable as lib/pq demands", () => {
    const settings = datastoreSettings.parse({
        type: "postgres",
        host: "db.example.org",
        rootCa: { name: "db-ca" },
        clientCertificate: { name: "db-client" },
        readOnly: { host: "replica.example.org" },
    });
    const text = JSON.stringify(datastorePlugin(settings, "/data"));
    const { mounts, env } = datastoreParts(settings);
    assert.deepEqual(env, {});
    const files = mounts.flatMap(({ destPath, volume }) =>
        volume.secret!.items.map(({ path }) => `${destPath}/${path}`),
    );
    assert.equal(files.length, 3);
    for (const file of files) assert.equal(text.split(`='${file}'`).length - 1, 2, file);
    // lib/pq ssl_permissions.go: a key that root owns may be read by its group, and by no one else.
    for (const { volume } of mounts) assert.equal(volume.secret!.defaultMode & 0o137, 0);
});
