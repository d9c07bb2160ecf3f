/** A database on the host that scrapes a cluster, and an evaluator of alerting rules on it: VictoriaMetrics, in memory of a test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider/poll";
import { ensureBinary } from "../../sandbox/build/binaries";
import { SOON } from "../../sandbox/host/shell";
import type { FileRule, PrometheusFiles } from "./prometheusOperator";

/** An alert that is pending or firing. */
export interface ActiveAlert {
    name: string;
    state: "pending" | "firing";
    labels: Record<string, string>;
    annotations: Record<string, string>;
}

/** In seconds; `start` and `end` since 1970. */
export interface Window {
    start: number;
    end: number;
    step: number;
}

export interface RangeSeries {
    labels: Record<string, string>;
    /** Unix time in seconds, and value. */
    samples: [time: number, value: number][];
}

export interface Monitoring {
    /** The series of a query over a window, as a panel shows them. */
    range: (expr: string, window: Window) => Promise<RangeSeries[]>;
    /** Targets that are scraped, with what went wrong at the last scrape. */
    targets: () => Promise<{ job: string; error: string }[]>;
    alerts: () => Promise<ActiveAlert[]>;
    stop: () => Promise<void>;
}

/** How much shorter {@link shortened} makes durations. */
const SHORTER = 60;

/** Seconds, of a window at least: Cilium's agents try again every ten seconds at the slowest (pkg/auth/spire/delegate.go). */
const SHORTEST_WINDOW = 20;

/**
 * The same rules with a sixtieth of all durations: windows, offsets, `for`. A window keeps several scrapes, and what happens again
 * and again. What is compared stays as it is.
 *
 * @param interval seconds from one scrape to the next.
 */
export function shortened(rules: readonly FileRule[], interval: number): FileRule[] {
    const scaled = (amount: string, unit: string) =>
        (Number(amount) * (unit === "m" ? 60 : 1)) / SHORTER;
    const window = (amount: string, unit: string) =>
        `${Math.max(4 * interval, SHORTEST_WINDOW, Math.ceil(scaled(amount, unit)))}s`;
    return rules.map((rule) => {
        const [, amount, unit] = /^(\d+)([sm])$/.exec(rule.for)!;
        return {
            ...rule,
            expr: rule.expr
                .replace(/\[(\d+)([sm])\]/g, (_, n: string, u: string) => `[${window(n, u)}]`)
                .replace(
                    / offset (\d+)([sm])\b/g,
                    (_, n: string, u: string) => ` offset ${window(n, u)}`,
                ),
            for: `${Math.ceil(scaled(amount!, unit!))}s`,
        };
    });
}

/**
 * Starts to scrape and to evaluate.
 *
 * @param files as an operator made them.
 * @param evaluationSeconds from one evaluation to the next.
 */
export async function startMonitoring(
    { scrape_configs, groups }: PrometheusFiles,
    evaluationSeconds: number,
): Promise<Monitoring> {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-monitoring-"));
    const programs: ChildProcess[] = [];
    const stop = async () => {
        for (const program of programs.reverse()) {
            program.kill("SIGKILL");
            if (program.exitCode === null && program.signalCode === null)
                await once(program, "exit");
        }
        await rm(dir, { recursive: true, force: true });
    };
    // JSON is YAML.
    const write = async (name: string, content: object) => {
        const file = join(dir, name);
        await writeFile(file, JSON.stringify(content));
        return file;
    };
    const start = async (name: string, args: string[]) => {
        const address = `127.0.0.1:${await freePort()}`;
        // Faults are no news.
        const log = ["-loggerLevel=ERROR", `-httpListenAddr=${address}`];
        const program = spawn(await ensureBinary(name), [...log, ...args], { stdio: "inherit" });
        programs.push(program);
        process.once("exit", () => program.kill("SIGKILL"));
        const url = `http://${address}`;
        await poll(30_000, name, async () => ({ done: await get(`${url}/health`) }), SOON);
        return url;
    };
    try {
        const database = await start("victoria-metrics", [
            `-storageDataPath=${join(dir, "data")}`,
            // Of what the operator writes, only the scraper's part; some of its keys are Prometheus' alone.
            `-promscrape.config=${await write("scrape.yaml", { scrape_configs })}`,
            "-promscrape.config.strictParse=false",
            "-search.latencyOffset=0s",
            "-memory.allowedBytes=256MB",
        ]);
        const evaluator = await start("vmalert", [
            `-rule=${await write("rules.yaml", { groups })}`,
            `-evaluationInterval=${evaluationSeconds}s`,
            `-datasource.url=${database}`,
            "-datasource.queryStep=5m",
            "-rule.evalDelay=0s",
            "-notifier.blackhole",
        ]);
        return {
            range: (expr, window) => range(database, expr, window),
            targets: () => targets(database),
            alerts: () => alerts(evaluator),
            stop,
        };
    } catch (error) {
        await stop();
        throw error;
    }
}

async function get(url: string): Promise<string> {
    const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
    return text;
}

async function range(database: string, query: string, window: Window): Promise<RangeSeries[]> {
    const words = new URLSearchParams({ query });
    for (const [key, value] of Object.entries(window)) words.set(key, String(value));
    const { data } = JSON.parse(await get(`${database}/api/v1/query_range?${String(words)}`)) as {
        data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
    };
    return data.result.map(({ metric, values }) => ({
        labels: metric,
        samples: values.map(([time, value]) => [time, Number(value)]),
    }));
}

async function targets(database: string): Promise<{ job: string; error: string }[]> {
    const { data } = JSON.parse(await get(`${database}/api/v1/targets?state=active`)) as {
        data: { activeTargets: { labels: { job: string }; health: string; lastError: string }[] };
    };
    return data.activeTargets.map(({ labels, health, lastError }) => ({
        job: labels.job,
        error: health === "up" ? "" : lastError || health,
    }));
}

async function alerts(evaluator: string): Promise<ActiveAlert[]> {
    const { data } = JSON.parse(await get(`${evaluator}/api/v1/alerts`)) as {
        data: { alerts: (Omit<ActiveAlert, "name"> & { name: string })[] };
    };
    return data.alerts;
}

async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, "close");
    return port;
}
