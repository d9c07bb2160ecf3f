/** prometheus-operator on the host: what it makes of monitors and rules in a cluster, as files of Prometheus. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { poll } from "@cilium-spire/entries-provider/poll";
import { parse } from "yaml";
import type { Instance } from "../../sandbox/host/instance";
import { dependencyDir, ensureBinary } from "../../sandbox/build/binaries";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import { pkiDir } from "../../sandbox/controlPlane/pki";

const MODULE = "github.com/prometheus-operator/prometheus-operator@v0.85.0";
const NAMESPACE = "monitoring";
const NAME = "test";
const DEADLINE_MS = 120_000;

/** An alerting rule as a rule file has it. */
export interface FileRule {
    alert: string;
    expr: string;
    for: string;
}

/** What a Prometheus would load. */
export interface PrometheusFiles {
    scrape_configs: { job_name: string }[];
    groups: { name: string; rules: FileRule[] }[];
}

/** Where its custom resources are described. */
export async function crdDir(): Promise<string> {
    return join(await dependencyDir(MODULE, tmpdir()), "example", "prometheus-operator-crd");
}

/** Makes the operator's kinds known, and a namespace for its objects. */
export async function installKinds(sandbox: Instance): Promise<void> {
    await kubectl(sandbox, ["apply", "--server-side", "-f", await crdDir()]);
    const established = ["wait", "--for=condition=Established", "--timeout=60s", "crd"];
    await kubectl(sandbox, [...established, "--all"]);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
    await kubectl(sandbox, ["apply", "-f", "-"], { input: JSON.stringify(namespace) });
}

/** Removes all that {@link installKinds} has made, and all objects of these kinds. */
export async function removeKinds(sandbox: Instance): Promise<void> {
    await kubectl(sandbox, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    await kubectl(sandbox, ["delete", "--ignore-not-found", "-f", await crdDir()]);
}

/**
 * Lets the operator turn into configuration what a Prometheus with these labels as selectors finds.
 *
 * @param jobs how many jobs there must be.
 * @throws Error with the end of the operator's log, when it does not get there.
 */
export async function prometheusFiles(
    sandbox: Instance,
    labels: Record<string, string>,
    jobs: number,
): Promise<PrometheusFiles> {
    await kubectl(sandbox, ["apply", "-f", "-"], {
        input: JSON.stringify(instance(sandbox, labels)),
    });
    const operator = spawn(
        await ensureBinary("prometheus-operator"),
        ["--web.listen-address=127.0.0.1:0", `--namespaces=${await namespaces(sandbox)}`],
        {
            env: { ...process.env, KUBECONFIG: sandbox.kubeconfig },
            stdio: ["ignore", "ignore", "pipe"],
        },
    );
    let log = "";
    operator.stderr.on("data", (text: Buffer) => (log += text.toString()));
    try {
        return await poll<PrometheusFiles>(
            DEADLINE_MS,
            "configuration by prometheus-operator",
            async () => {
                const files = await madeFiles(sandbox);
                if (files?.scrape_configs.length === jobs && files.groups.length > 0) {
                    return { done: files };
                }
                if (operator.exitCode !== null) return { failed: `it ended: ${log.slice(-2000)}` };
                const seen = files
                    ? `it has ${JSON.stringify(Object.keys(files))}`
                    : "there is none";
                return { waitingFor: `${seen}; its log ends: ${log.slice(-2000)}` };
            },
        );
    } finally {
        if (operator.exitCode === null) {
            operator.kill("SIGTERM");
            await once(operator, "close");
        }
    }
}

/** A Prometheus without pods, which asks the API server from outside of the cluster. */
function instance(sandbox: Instance, labels: Record<string, string>): object {
    const pki = pkiDir(sandbox);
    const everywhere = {};
    const selected = { matchLabels: labels };
    return {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "Prometheus",
        metadata: { name: NAME, namespace: NAMESPACE },
        spec: {
            replicas: 0,
            podMonitorSelector: selected,
            podMonitorNamespaceSelector: everywhere,
            ruleSelector: selected,
            ruleNamespaceSelector: everywhere,
            apiserverConfig: {
                host: `https://${sandbox.apiAddress}:${sandbox.apiPort}`,
                tlsConfig: {
                    caFile: join(pki, "ca.crt"),
                    certFile: join(pki, "admin.crt"),
                    keyFile: join(pki, "admin.key"),
                },
            },
        },
    };
}

async function namespaces(sandbox: Instance): Promise<string> {
    const names = await kubectl(sandbox, [
        "get",
        "namespaces",
        "-o",
        "jsonpath={.items[*].metadata.name}",
    ]);
    return names.split(" ").join(",");
}

async function madeFiles(sandbox: Instance): Promise<PrometheusFiles | undefined> {
    const get = async <T>(kind: string, name: string) => {
        const args = ["-n", NAMESPACE, "get", kind, name, "--ignore-not-found", "-o", "json"];
        const text = await kubectl(sandbox, args);
        return text === "" ? undefined : (JSON.parse(text) as { data?: Record<string, T> }).data;
    };
    const secret = await get<string>("secret", `prometheus-${NAME}`);
    const rules = await get<string>("configmap", `prometheus-${NAME}-rulefiles-0`);
    const packed = secret?.["prometheus.yaml.gz"];
    if (packed === undefined || rules === undefined) return undefined;
    const template = gunzipSync(Buffer.from(packed, "base64")).toString();
    // What the config reloader beside a Prometheus fills in: it is the first shard, of one.
    const configuration = template.replaceAll("$(SHARD)", "0");
    const { scrape_configs } = parse(configuration) as Pick<PrometheusFiles, "scrape_configs">;
    const groups = Object.values(rules).flatMap(
        (file) => (parse(file) as Pick<PrometheusFiles, "groups">).groups,
    );
    return { scrape_configs, groups };
}
