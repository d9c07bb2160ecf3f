/**
 * Accepted means that it works: configurations are drawn, and what the program makes of each that it accepts is judged by those
 * who get it: Helm, the API server, spire-server and spire-agent. `ACCEPTED_DRAWS` is their number, `ACCEPTED_SEED` repeats them.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { type ApiServer, startApiServer } from "../../support/apiServer";
import { makeCertificate } from "../../support/spireValidate";
import type { Raw } from "../../unit/components/spire/arbitrary";
import { useMocks } from "../../component/spire/render";
import { accepted, startable } from "./configurations";
import { type Bench, judge, start } from "./judge";

const { ACCEPTED_DRAWS = "12", ACCEPTED_SEED } = process.env;

let bench: Bench;
let api: ApiServer;

before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-accepted-"));
    await makeCertificate(dir);
    await useMocks();
    api = await startApiServer();
    const { kubeconfig } = api;
    process.env.KUBECONFIG = kubeconfig;
    bench = { dir, kubeconfig, cluster: new Cluster() };
});
after(async () => {
    await api.stop();
    await rm(bench.dir, { recursive: true });
});

/** Holds for so many draws; else the error ends with the configuration as a stack file has it, and how to repeat it. */
async function holds(
    draws: fc.Arbitrary<Raw>,
    numRuns: number,
    judgement: (raw: Raw, bench: Bench) => Promise<void>,
): Promise<void> {
    const seed = Number(ACCEPTED_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const property = fc.asyncProperty(draws, async (raw) => {
        await judgement(raw, bench).catch((error: unknown) => {
            const where = `ACCEPTED_SEED=${seed} ACCEPTED_DRAWS=${numRuns}`;
            throw new Error(`${messageOf(error)}\n\n${where}, of:\n${stringify(raw)}`);
        });
    });
    // A smaller one would take a minute to find.
    const details = await fc.check(property, { numRuns, seed, endOnFailure: true });
    if (details.failed) throw details.errorInstance;
}

test("what is accepted is taken by Helm, Kubernetes and SPIRE, word for word", async () => {
    await holds(accepted, Number(ACCEPTED_DRAWS), judge);
});

for (const [what, draws] of Object.entries(startable)) {
    test(`a SPIRE server ${what} starts, publishes its bundle and takes the entries`, async () => {
        await holds(draws, Math.ceil(Number(ACCEPTED_DRAWS) / 20), start);
    });
}
