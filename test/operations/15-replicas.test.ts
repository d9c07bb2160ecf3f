/**
 * Alerts that a stack with one SPIRE server on sqlite does not have, or that on the sandbox tell of the machine: two servers with
 * little memory, on a PostgreSQL that can be made to wait.
 *
 * It makes the cluster anew, before and after.
 */
import { after, before, describe, test } from "node:test";
import { Cluster, poll } from "@cilium-spire/entries-provider";
import { enterPulumi, stackOutputs } from "../../automation/stack";
import type { StackOutputs } from "../../outputs";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { type Monitoring, shortened, startMonitoring } from "../support/monitoring";
import { type Postgres, startPostgres } from "../support/postgres";
import { installKinds, prometheusFiles } from "../support/prometheusOperator";
import { home, kubectl, openPlatform, sandbox } from "../support/world";
import { manyEntries, missingReplica, slowDatabase } from "./alertFaults/replicaFaults";
import { Watch } from "./alertFaults/watch";

/** Seconds from one scrape to the next, and from one evaluation to the next. */
const INTERVAL = 2;
const LABELS = { release: "monitoring" };
const REPLICAS = 2;
/** A server without any load has half of it. */
const MEMORY_MI = 192;
const NAMESPACE = "spire-system";
const SECRET = "spire-postgres";
const JOBS = 2;

let postgres: Postgres;
let outputs: StackOutputs;
let monitoring: Monitoring | undefined;

before(async () => {
    await removeCluster(sandbox);
    await startCluster(sandbox); // with the address on which the database listens
    postgres = await startPostgres(sandbox);
    await kubectl(`create namespace ${NAMESPACE}`);
    await kubectl(`label namespace ${NAMESPACE} pod-security.kubernetes.io/enforce=privileged`);
    await kubectl(
        `-n ${NAMESPACE} create secret generic ${SECRET} --from-literal=password=${postgres.password} --from-file=ca.crt=${postgres.caFile}`,
    );
    await installKinds(sandbox);
    await enterPulumi(home);
    const platform = await openPlatform({
        "cilium-spire:spire": {
            createNamespaces: false,
            server: {
                replicas: REPLICAS,
                datastore: {
                    ...{ type: "postgres", host: postgres.host },
                    ...{ passwordSecret: { name: SECRET }, rootCa: { name: SECRET } },
                },
                resources: {
                    requests: { memory: "64Mi" },
                    limits: { memory: `${MEMORY_MI}Mi` },
                },
            },
        },
        "cilium-spire:observability": {
            ...{ scrape: "podMonitor", interval: `${INTERVAL}s`, labels: LABELS },
            ...{ alerts: true, cilium: false },
        },
    });
    outputs = stackOutputs((await platform.up()).outputs);
    const { groups, ...files } = await prometheusFiles(sandbox, LABELS, JOBS);
    const faster = groups.map((group) => ({ ...group, rules: shortened(group.rules, INTERVAL) }));
    monitoring = await startMonitoring({ ...files, groups: faster }, INTERVAL);
});
after(async () => {
    await monitoring?.stop();
    await removeCluster(sandbox);
    await postgres.stop();
});

describe("alerts of two servers", () => {
    test("are quiet on health", async () => {
        await poll(120_000, "scrapes of both servers", async () => {
            const targets = await monitoring!.targets();
            const up = targets.filter(({ job, error }) => job === "spire-server" && error === "");
            return up.length === REPLICAS
                ? { done: true }
                : { waitingFor: JSON.stringify(targets) };
        });
        await new Watch(monitoring!).allClear(["pending", "firing"]);
    });

    test("fire on faults, and are over with them", async () => {
        const faults = [
            missingReplica(REPLICAS),
            slowDatabase(postgres),
            manyEntries({ cluster: new Cluster(), outputs }, MEMORY_MI * 1024 * 1024),
        ];
        await new Watch(monitoring!).setOff(faults.map((fault) => [fault]));
    });
});
