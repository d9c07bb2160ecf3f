/**
 * Observability on real parts: prometheus-operator makes configuration of our monitors and rules, and VictoriaMetrics scrapes the
 * cluster and evaluates the rules, on health and on faults.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { poll } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import { ALERTS } from "../../components/observability/alerts";
import { PANELS } from "../../components/observability/dashboard";
import { repositoryRoot } from "../../sandbox/host/paths";
import { makeCertificate } from "../support/certificate";
import { type Monitoring, shortened, startMonitoring, type Window } from "../support/monitoring";
import {
    installKinds,
    type PrometheusFiles,
    prometheusFiles,
    removeKinds,
} from "../support/prometheusOperator";
import { recordDashboard } from "../support/recording";
import { liveFaults } from "./alertFaults/liveFaults";
import { Watch } from "./alertFaults/watch";
import { kubectl, openPlatform, sandbox, spireServer, world, type World } from "../support/world";

/** Seconds from one scrape to the next, and from one evaluation to the next. */
const INTERVAL = 2;
const LABELS = { release: "monitoring" };
const CONFIG = {
    "cilium-spire:observability": {
        ...{ scrape: "podMonitor", interval: `${INTERVAL}s`, labels: LABELS },
        ...{ alerts: true, dashboard: true },
    },
    // With certificates that someone else makes.
    "cilium-spire:cilium": { hubble: { enabled: true, tls: { method: "provided" } } },
};

const HEALTHY_MS = 60_000;

/** Tells how busy the machine is, which runs everything at once; 15-replicas sets it off. */
const OF_THE_MACHINE = "SPIREAPILatencyHigh";
/** Panels whose series appear with the first failure. */
const FAILURES = ["SVID rotation: failures", "Database: failures", "Refused"];
/** Other queries without an answer on this cluster, by `panel: legend` or by what they ask for. */
const ABSENT = /spire_server_rpc_entry_v1_entry_get_authorized_entries/; // SPIRE before 1.12

let state: World;
let dir: string;
let files: PrometheusFiles;
let monitoring: Monitoring;
let watch: Watch;
let scrapedSince: Date;
let stopMonitoring: Monitoring["stop"] | undefined;

before(async () => {
    state = await world();
    await installKinds(sandbox);
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-hubble-"));
    const names = "DNS:*.default.hubble-grpc.cilium.io";
    const flags = Object.values(await makeCertificate(dir, names)).map((f) => `--from-file=${f}`);
    await kubectl(`-n kube-system create secret generic hubble-server-certs ${flags.join(" ")}`);
    state.platform = await openPlatform(CONFIG);
    await state.platform.up();
});
after(async () => {
    await stopMonitoring?.();
    // The kinds go last: Pulumi could not delete objects of a kind that is gone.
    await (await openPlatform()).up();
    await removeKinds(sandbox);
    await kubectl("-n kube-system delete secret hubble-server-certs");
    await rm(dir, { recursive: true });
});

describe("Hubble", () => {
    test("shows in the proof that packets passed because SPIRE authenticated them", async () => {
        const prove = [join(repositoryRoot, "cli", "run.js"), "prove", "dev"];
        const options = { cwd: repositoryRoot, reject: false, timeout: 300_000 } as const;
        const { exitCode, stdout, stderr } = await execa("node", prove, options);
        assert.equal(exitCode, 0, stdout + stderr);
        assert.match(
            stdout,
            /^Hubble saw packets pass, authenticated by SPIRE: \d+ to \d+, \d+ to \d+\.$/m,
        );
        console.log(stdout);
    });
});

describe("a real scrape", () => {
    test("prometheus-operator makes a job of each monitor, and a file of the rules", async () => {
        files = await prometheusFiles(sandbox, LABELS, 4);
        const [group, ...others] = files.groups;
        assert.deepEqual(others, []);
        const known = ALERTS.map(({ name }) => name);
        assert.ok(group!.rules.length >= 14);
        for (const { alert } of group!.rules) assert.ok(known.includes(alert), alert);
    });

    test("every pod of SPIRE and Cilium is scraped", async () => {
        const groups = files.groups.map((group) => ({
            ...group,
            rules: shortened(group.rules, INTERVAL),
        }));
        monitoring = await startMonitoring({ ...files, groups }, INTERVAL);
        stopMonitoring = monitoring.stop;
        watch = new Watch(monitoring, OF_THE_MACHINE);
        scrapedSince = new Date();
        const expected = [
            ...["cilium-agent", "cilium-agent", "cilium-agent", "cilium-operator"],
            ...["spire-agent", "spire-agent", "spire-agent", "spire-server"],
        ];
        await poll(120_000, "scrapes of all pods", async () => {
            const targets = await monitoring.targets();
            const up = targets.filter(({ error }) => error === "").map(({ job }) => job);
            return up.sort().join() === expected.join()
                ? { done: true }
                : { waitingFor: JSON.stringify(targets) };
        });
    });

    test("every panel of the dashboard shows something", async () => {
        // What does not happen by itself within a minute.
        await kubectl("-n spire-system delete pod -l app.kubernetes.io/name=spire-agent");
        await kubectl("-n spire-system rollout status daemonset/spire-agent --timeout=180s");
        await writeAndDelete();
        await state.demo.forgetAuthentications();
        await state.demo.waitUntilConnected(120_000);
        const queries = PANELS.filter(({ title }) => !FAILURES.includes(title)).flatMap(
            ({ title, queries }) => queries.map(({ expr, legend }) => ({ title, legend, expr })),
        );
        await poll(60_000, "data in all panels", async () => {
            const answers = await Promise.all(
                queries.map(async (each) => ({
                    ...each,
                    series: (await monitoring.range(each.expr, lastMinutes())).length,
                })),
            );
            const empty = answers.filter(({ series, expr }) => series === 0 && !ABSENT.test(expr));
            return empty.length > 0
                ? { waitingFor: empty.map(({ title, legend }) => `${title}: ${legend}`).join("; ") }
                : { done: true };
        });
    });

    test("no alert fires on health", async () => {
        // The agents have just been restarted, and a sixtieth of what they may take for that is little.
        await watch.allClear(["pending", "firing"]);
        const end = Date.now() + HEALTHY_MS;
        while (Date.now() < end) {
            assert.deepEqual(await watch.active(["firing"]), []);
            await setTimeout(INTERVAL * 1000);
        }
    });
});

describe("alerts", () => {
    test("fire on faults, and are over with them", async () => {
        await watch.setOff(liveFaults(state));
    });
});

// By hand: the picture is committed.
if (process.env.CILIUM_SPIRE_RECORD_DASHBOARD !== undefined) {
    test("the dashboard's picture is drawn from what was scraped meanwhile", async () => {
        await recordDashboard(monitoring, scrapedSince);
    });
}

function lastMinutes(): Window {
    const now = Date.now() / 1000;
    return { start: now - 600, end: now, step: INTERVAL };
}

/** An entry that comes and goes, as those of identities do. */
async function writeAndDelete(): Promise<void> {
    const server = await spireServer(state);
    const { trustDomain } = state.outputs;
    const spiffeId = `spiffe://${trustDomain}/short-lived`;
    const parentId = `spiffe://${trustDomain}/nobody`;
    const entry = { id: "short-lived", spiffeId, parentId, selectors: ["k8s:ns:none"] };
    assert.deepEqual(await server.create([entry]), []);
    assert.deepEqual(await server.update([{ ...entry, hint: "other" }]), []);
    assert.deepEqual(await server.delete([entry.id]), []);
}
