/** Every key of every configuration that can be made is one that SPIRE of that version reads: its source says so. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { dependencyDir } from "../../../../sandbox/build/binaries";
import { cached } from "../../../../sandbox/build/cache";
import { run } from "../../../../sandbox/host/shell";
import { HclStructs } from "../../../support/hclStructs";
import { decode, validSpire } from "./arbitrary";
import { agentConfOf, serverConfOf } from "./confs";

/** One of each generation of keys (versions/spire.ts) that Go's checksum database vouches for. */
const VERSIONS = ["1.10.4", "1.13.3", "1.14.5", "1.15.3"];
const RUNS = 200;

/** What is configured, and where the source reads it. */
const PARTS = {
    server: { run: "cmd/spire-server/cli/run", root: "serverConfig", plugins: "pkg/server/plugin" },
    agent: { run: "cmd/spire-agent/cli/run", root: "agentConfig", plugins: "pkg/agent/plugin" },
};
const COMMON = { health_checks: "pkg/common/health", telemetry: "pkg/common/telemetry" };
const DATASTORE = "pkg/server/datastore";
/** Packages that plugins of the same name embed, since 1.15. */
const EMBEDDED = "pkg/server/common";

interface Conf {
    plugins: Record<string, Record<string, { plugin_data: object }>[] | undefined>;
    health_checks: object;
    telemetry: object;
    [section: string]: object;
}

/** The parts of SPIRE's source that read configuration. */
async function source(version: string): Promise<string> {
    const parts = Object.values(PARTS).flatMap(({ run, plugins }) => [run, plugins]);
    const paths = [...parts, ...Object.values(COMMON), DATASTORE, EMBEDDED];
    return await cached(`spire-source-${version}`, { paths }, async (dir) => {
        const module = await dependencyDir(`github.com/spiffe/spire@v${version}`, dir);
        for (const path of paths.filter((each) => existsSync(join(module, each)))) {
            await cp(join(module, path), join(dir, path), { recursive: true });
        }
        await run("chmod", ["-R", "u+w", dir]); // the module cache is read-only
    });
}

/** The keys of a configuration that SPIRE of the version would not read. */
class Reader {
    private readonly packages = new Map<string, HclStructs>();

    constructor(private readonly dir: string) {}

    unknownKeys(part: keyof typeof PARTS, conf: object): string[] {
        const { run: section, root, plugins: pluginDir } = PARTS[part];
        const { plugins, ...sections } = JSON.parse(JSON.stringify(conf)) as Conf;
        const configured = Object.entries(plugins).flatMap(([type, list = []]) =>
            list.flatMap(Object.entries<{ plugin_data: object }>).map(([name, plugin]) => {
                const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, "");
                const dir = `${pluginDir}/${plain(type)}/${plain(name)}`;
                const dirs =
                    type === "DataStore" ? [DATASTORE] : [dir, `${EMBEDDED}/${plain(name)}`];
                return { name, data: plugin.plugin_data, dirs };
            }),
        );
        return [
            ...this.structs([section]).unknownKeys(sections[part], root),
            ...Object.entries(COMMON).flatMap(([name, dir]) =>
                this.structs([dir]).unknownKeys(sections[name]),
            ),
            ...configured.flatMap(({ name, data, dirs }) =>
                this.structs(dirs)
                    .unknownKeys(data)
                    .map((path) => `${name}: ${path}`),
            ),
        ];
    }

    private structs(dirs: string[]): HclStructs {
        const key = dirs.join();
        const found =
            this.packages.get(key) ?? new HclStructs(dirs.map((dir) => join(this.dir, dir)));
        this.packages.set(key, found);
        return found;
    }
}

for (const version of VERSIONS) {
    describe(`SPIRE ${version}`, () => {
        test("reads every key of every configuration that can be made for it", async () => {
            const reader = new Reader(await source(version));
            fc.assert(
                fc.property(validSpire({ version, agent: { version } }), (spire) => {
                    const settings = decode(spire);
                    assert.deepEqual(reader.unknownKeys("server", serverConfOf(settings)), []);
                    assert.deepEqual(reader.unknownKeys("agent", agentConfOf(settings)), []);
                }),
                { numRuns: RUNS },
            );
        });
    });
}

test("a key that came later, went, moved or never was is found, so the tests above can fail", async () => {
    const old = new Reader(await source("1.10.4"));
    const now = new Reader(await source("1.15.3"));
    const agent = (keys: object) => ({ agent: keys, plugins: {} });
    const cache = { x509_svid_cache_max_size: 1 };
    assert.deepEqual(old.unknownKeys("agent", agent({ rebootstrap_mode: "never" })), [
        "rebootstrap_mode",
    ]);
    assert.deepEqual(now.unknownKeys("agent", agent({ retry_bootstrap: true })), [
        "retry_bootstrap",
    ]);
    assert.deepEqual(old.unknownKeys("agent", agent(cache)), Object.keys(cache));
    assert.deepEqual(old.unknownKeys("agent", agent({ experimental: cache })), []);
    const disk = {
        server: {},
        plugins: { KeyManager: [{ disk: { plugin_data: { path: "x" } } }] },
    };
    assert.deepEqual(now.unknownKeys("server", disk), ["disk: path"]);
});
