/** Copies by the clock that were made, are being made, and were not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { examineUntilHealthy } from "../../../doctor/examination/examine";
import { knownStack } from "../../../doctor/site";
import { decodeSettings } from "../../../settings/decode";
import { FakeSpire } from "../../support/fakeSpire";
import { Reply } from "../../support/fakeCluster";

const CRON_JOB = "GET /apis/batch/v1/namespaces/spire-system/cronjobs/spire-backup";
const BACKUP = { schedule: "30 2 * * *", image: "example.org/backup:1", storage: { claim: "nas" } };
const POSTGRES = {
    type: "postgres",
    host: "db",
    passwordSecret: { name: "db" },
    rootCa: { name: "db-ca" },
};
const [DUE, BEFORE, AFTER] = [
    "2026-11-30T02:30:00Z",
    "2026-11-29T02:30:41Z",
    "2026-11-30T02:30:00Z",
];

const spire = FakeSpire.anew();

async function examine(backup: object | undefined, cronJob: object = new Reply(404)) {
    const raw = {
        ...{ trustDomain: "demo.local", clusterName: "precinct-99" },
        spire: { server: { datastore: POSTGRES, backup } },
    };
    const stack = knownStack(decodeSettings(raw), { project: "cilium-spire", stack: "dev" });
    spire.interfere = (what) => (what === CRON_JOB ? cronJob : undefined);
    const only = ["backups"];
    const [result] = await examineUntilHealthy({ cluster: new Cluster(), stack, only });
    return result!;
}

const cronJob = (status?: object, spec: object = {}) => ({ spec, ...(status && { status }) });

const WELL: [what: string, cronJob: object, seen: RegExp][] = [
    ["was never due", cronJob(), /^none was made yet$/],
    [
        "was made",
        cronJob({ lastScheduleTime: DUE, lastSuccessfulTime: AFTER }),
        /^the last was made 2026-11-30T02:30:00Z$/,
    ],
    [
        "is being made",
        cronJob({ active: [{}], lastScheduleTime: DUE, lastSuccessfulTime: BEFORE }),
        /^the last was made 2026-11-29T02:30:41Z$/,
    ],
];
for (const [what, job, expected] of WELL) {
    test(`one that ${what} is no finding`, async () => {
        const { seen, findings } = await examine(BACKUP, job);
        assert.match(seen, expected);
        assert.deepEqual(findings, []);
    });
}

const BAD: [what: string, cronJob: object | undefined, trouble: string, says: RegExp][] = [
    [
        "was not made",
        cronJob({ lastScheduleTime: DUE, lastSuccessfulTime: BEFORE }),
        "backup-failed",
        /^the copy that was due 2026-11-30T02:30:00Z was not made; the last was made 2026-11-29/,
    ],
    [
        "was not made, as none before it",
        cronJob({ lastScheduleTime: DUE }),
        "backup-failed",
        /was not made; none was made yet$/,
    ],
    ["nobody makes", undefined, "backup-off", /^does not exist$/],
    ["somebody has stopped", cronJob({}, { suspend: true }), "backup-off", /^is suspended$/],
];
for (const [what, job, expected, says] of BAD) {
    test(`one that ${what} is told, and nothing fails for it`, async () => {
        const { findings } = await examine(BACKUP, job);
        assert.equal(findings.length, 1);
        const [{ trouble, where, what: said, note, cure }] = findings as [(typeof findings)[0]];
        assert.deepEqual(
            [trouble, where, note],
            [expected, "CronJob spire-system/spire-backup", true],
        );
        assert.match(said, says);
        assert.doesNotMatch(cure, /[A-Z]{3,}/);
    });
}

test("a stack without them is not asked for them", async () => {
    const { seen, findings } = await examine(undefined);
    assert.equal(seen, "none by the clock");
    assert.deepEqual(findings, []);
});
