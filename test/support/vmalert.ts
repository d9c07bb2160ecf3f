/** Alert rules on made-up series, by the rule tester of VictoriaMetrics, which reads the format of `promtool test rules`. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { ensureBinary } from "../../sandbox/build/binaries";

/** Values in the notation of the format, such as `1+2x10`, by series. */
export type Series = Record<string, string>;

/** What is asked of one set of series. Times count from {@link START}. */
export interface RuleTest {
    name: string;
    input_series: { series: string; values: string }[];
    alert_rule_test?: {
        /** Such as `75m`. */
        eval_time: string;
        groupname: string;
        alertname: string;
        exp_alerts: { exp_labels: object; exp_annotations: object }[];
    }[];
    metricsql_expr_test?: { expr: string; eval_time: string; exp_samples: object[] }[];
}

/** When series begin, in seconds since 1970: the first of January 2000. */
export const START = 946_684_800;

/** Seconds from one sample to the next, and from one evaluation to the next. */
export const SAMPLE = 30;
const EVALUATION = "1m";
const DEADLINE_MS = 300_000;

/**
 * Runs the tests on a file of rules.
 *
 * @param groups the rules as a rule file has them.
 * @returns what the tool says of tests that failed; nothing when all passed.
 */
export async function testRules(groups: object[], tests: RuleTest[]): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-rules-"));
    // JSON is YAML.
    const write = async (name: string, content: object) => {
        const file = join(dir, name);
        await writeFile(file, JSON.stringify(content));
        return file;
    };
    try {
        const rules = await write("rules.yaml", { groups });
        const interval = `${SAMPLE}s`;
        const file = await write("tests.yaml", {
            rule_files: [rules],
            evaluation_interval: EVALUATION,
            tests: tests.map((test) => ({ interval, ...test })),
        });
        const tool = await ensureBinary("vmalert-tool");
        const options = { all: true, reject: false, timeout: DEADLINE_MS };
        const { failed, all } = await execa(tool, ["unittest", `--files=${file}`], options);
        return failed ? String(all) : "";
    } finally {
        await rm(dir, { recursive: true, force: true });
    }
}
