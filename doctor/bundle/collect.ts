/** What a support bundle consists of: everything that the doctor looks at, without secrets. */
import { messageOf, type V1Pod } from "@cilium-spire/entries-provider";
import type { Result } from "../examination/examine";
import { labelledIdentities } from "../identities";
import type { Patient } from "../patient";
import { redactObject, redactText } from "./redact";

/** Lines of each log, from its end. */
const TAIL_LINES = 1000;
const LIMIT_BYTES = 1024 * 1024;
/** Pods of each kind whose logs are taken. */
const MOST_PODS = 30;

/** Cilium's own collection, which knows nothing of a SPIRE elsewhere unless it is told. */
export function sysdumpHint({ site }: Patient): string {
    const namespace = site.server?.namespace ?? site.agents?.namespace ?? "spire-system";
    return `cilium sysdump --cilium-spire-namespace ${namespace}`;
}

/** A file of the bundle: its path in it, and its text. */
export type Files = Map<string, string>;

/**
 * Reads what the bundle has. What cannot be read is in its `errors.txt`, with why.
 *
 * @param results of an examination of the same cluster, as they were printed.
 */
export async function collect(
    patient: Patient,
    results: readonly Result[],
    report: string,
): Promise<Files> {
    const files: Files = new Map();
    const errors: string[] = [];
    const add = async (path: string, read: () => Promise<unknown>) => {
        try {
            // An empty log is nothing to the client.
            const got = (await read()) ?? "";
            const text =
                typeof got === "string"
                    ? redactText(got)
                    : JSON.stringify(redactObject(got), null, 2);
            files.set(path, `${text}\n`);
        } catch (error) {
            errors.push(`${path}: ${redactText(messageOf(error))}`);
        }
    };
    await Promise.all([
        add("findings.json", () => Promise.resolve(results)),
        add("report.txt", () => Promise.resolve(report)),
        add("versions.json", () => versions(patient)),
        add("spire/entries.json", () => patient.liveEntries()),
        add("spire/agents.json", () => patient.agents()),
        add("spire/bundle.pem", () => patient.bundle()),
        ...objects(patient).map(([name, read]) => add(`objects/${name}.json`, read)),
        ...(await logs(patient, errors)).map(([name, read]) => add(`logs/${name}.log`, read)),
    ]);
    files.set("errors.txt", `${errors.sort().join("\n") || "none"}\n`);
    files.set("README.txt", readme(patient));
    return files;
}

function readme(patient: Patient): string {
    return [
        "A support bundle of cilium-spire's doctor. Secrets, values of environment variables, private keys and tokens",
        "were removed, and the kubeconfig was never in it; names, addresses and SPIFFE IDs of the cluster are.",
        "Look through it before you send it on. More of Cilium, with cilium-cli:",
        "",
        `    ${sysdumpHint(patient)}`,
        "",
    ].join("\n");
}

async function versions(patient: Patient): Promise<unknown> {
    const { cluster, site } = patient;
    const sets = await Promise.all([
        site.server && patient.serverSet(),
        site.agents && patient.agentSet(),
        patient.ciliumSet(),
        patient.operator(),
    ]);
    const images = sets.flatMap((set) => set?.spec?.template.spec?.containers ?? []);
    return {
        kubernetes: (await cluster.ask(cluster.version.getCode())).gitVersion,
        node: process.version,
        images: images.map(({ name, image }) => ({ name, image })),
    };
}

type Reads = [name: string, read: () => Promise<unknown>][];

function objects(patient: Patient): Reads {
    const { cluster, site } = patient;
    const policies = (plural: string) => () =>
        cluster.list(
            (page) =>
                cluster.custom.listClusterCustomObject({
                    ...{ group: "cilium.io", version: "v2", plural, ...page },
                }) as Promise<{ items: unknown[] }>,
        );
    return [
        ["site", () => Promise.resolve(site)],
        ["nodes", () => cluster.nodeHeaders()],
        ["identities", () => labelledIdentities(cluster)],
        ["ciliumnetworkpolicies", policies("ciliumnetworkpolicies")],
        ["ciliumclusterwidenetworkpolicies", policies("ciliumclusterwidenetworkpolicies")],
        ["cilium-config", () => patient.ciliumConfig()],
        ["cilium", () => patient.ciliumSet()],
        ["cilium-pods", () => patient.ciliumPods()],
        ["cilium-operator", () => patient.operator()],
        ["cilium-operator-pods", () => patient.operatorPods()],
        ...(site.server
            ? ([
                  ["spire-server", () => patient.serverSet()],
                  ["spire-server-pods", () => patient.serverPods()],
              ] as Reads)
            : []),
        ...(site.agents
            ? ([
                  ["spire-agent", () => patient.agentSet()],
                  ["spire-agent-pods", () => patient.agentPods()],
                  ["spire-agent.conf", () => patient.agentConf()],
              ] as Reads)
            : []),
    ];
}

/** Of every container that has run, and of its former self where it has restarted. */
async function logs(patient: Patient, errors: string[]): Promise<Reads> {
    const { cluster, site } = patient;
    const kinds: [string, () => Promise<V1Pod[]>][] = [
        ["cilium", () => patient.ciliumPods()],
        ["cilium-operator", () => patient.operatorPods()],
        ...(site.server ? [["spire-server", () => patient.serverPods()] as const] : []),
        ...(site.agents ? [["spire-agent", () => patient.agentPods()] as const] : []),
    ] as [string, () => Promise<V1Pod[]>][];
    const reads = await Promise.all(
        kinds.map(async ([kind, read]): Promise<Reads> => {
            const pods = await read().catch((error: unknown) => {
                errors.push(`logs of ${kind}: ${messageOf(error)}`);
                return [];
            });
            if (pods.length > MOST_PODS) {
                errors.push(`logs of ${kind}: of ${MOST_PODS} of ${pods.length} pods`);
            }
            return pods.slice(0, MOST_PODS).flatMap(logsOf);
        }),
    );
    return reads.flat();

    function logsOf({ metadata, status }: V1Pod): Reads {
        const { name, namespace } = metadata as { name: string; namespace: string };
        return (status?.containerStatuses ?? []).flatMap(({ name: container, restartCount }) => {
            const of = (previous: boolean): Reads[number] => [
                `${namespace}_${name}_${container}${previous ? "_previous" : ""}`,
                () =>
                    cluster.ask(
                        cluster.core.readNamespacedPodLog({
                            ...{ name, namespace, container, previous },
                            ...{ tailLines: TAIL_LINES, limitBytes: LIMIT_BYTES },
                        }),
                    ),
            ];
            return restartCount > 0 ? [of(false), of(true)] : [of(false)];
        });
    }
}
