/** Our values in the charts of all supported versions, rendered by the real Helm. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gte } from "semver";
import { parse } from "yaml";
import { adoptionPatches, type WorkloadSpec } from "../../../../components/cilium/adoptionPatches";
import type { InstallationArgs } from "../../../../components/cilium/args";
import { meshAuthConfig } from "../../../../components/cilium/meshAuthConfig";
import { chartValues } from "../../../../components/cilium/chartValues";
import type { Values } from "../../../../settings/cilium/values";
import {
    addWorkloadSocket,
    type Container,
    type Volume,
} from "../../../../components/cilium/workloadSocket";
import { ensureChart } from "../../../../sandbox/build/binaries";
import { CHART_VERSIONS, template } from "../../../support/helm";
import { adoptArgsWith, argsWith, SOCKETS } from "./fixtures";

interface Manifest {
    kind: string;
    metadata: { name: string; namespace?: string };
    data?: Record<string, string>;
    spec: WorkloadSpec & Values;
}

interface Rendering {
    text: string;
    find: (kind: string, name: string) => Manifest | undefined;
}

const TYPED = {
    authentication: {
        queueSize: 2048,
        rotatedIdentitiesQueueSize: 4096,
        gcInterval: "1m30s",
        mutual: { port: 4255, connectTimeout: "7s", spire: { connectionTimeout: "11s" } },
    },
    encryption: { type: "ipsec", secretName: "keys-2026", keyFile: "current" },
    hubble: { enabled: true, tls: { method: "certmanager", issuerRef: { name: "ca" } } },
    kubeProxyReplacement: true,
    k8sServiceHost: "api.example.org",
    k8sServicePort: 6443,
};

/** The result of the first call with these arguments, however many tests ask at a time. */
function once<A extends unknown[], R>(make: (...args: A) => R): (...args: A) => R {
    const made = new Map<string, R>();
    return (...args) => {
        const key = JSON.stringify(args);
        if (!made.has(key)) made.set(key, make(...args));
        return made.get(key)!;
    };
}

const chartOf = once(ensureChart);

async function renderAnew(version: string, values: Values): Promise<Rendering> {
    const text = await template(await chartOf(version), values);
    const documents = text.split(/^---$/m);
    return {
        text,
        // Most of the 200 kB are never looked at, and parsing them takes longer than rendering.
        find: (kind, name) =>
            documents
                .filter((text) => text.includes(`\nkind: ${kind}\n`))
                .map((text) => parse(text) as Manifest)
                .find((manifest) => manifest.metadata.name === name),
    };
}

const renderOnce = once(renderAnew);
const render = (version: string, args: InstallationArgs) => renderOnce(version, chartValues(args));

/** Host directory, mount path and mode of what a container mounts at a path. */
function mountAt({ template: { spec } }: WorkloadSpec, container: string, path: string) {
    const mounts = spec.containers.find((c) => c.name === container)!.volumeMounts!;
    const found = mounts.filter((mount) => mount.mountPath === path);
    assert.ok(found.length <= 1, `${container} mounts ${path} more than once`);
    if (!found[0]) return undefined;
    const volume = spec.volumes.find((v) => v.name === found[0]!.name)!;
    return { host: volume.hostPath?.path, readOnly: found[0].readOnly ?? false };
}

function meshAuthKeys(data: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(data).filter(([key]) => key.startsWith("mesh-auth-")));
}

function paths(values: Values, prefix = ""): string[] {
    return Object.entries(values).flatMap(([key, value]) =>
        typeof value === "object" && value !== null && !Array.isArray(value)
            ? paths(value as Values, `${prefix}${key}.`)
            : [`${prefix}${key}`],
    );
}

/** True when the chart has the value: in values.yaml, where `{}` takes any key, or at least in a template. */
function hasValue(path: string, defaults: unknown, templates: string): boolean {
    let value = defaults;
    for (const key of path.split(".")) {
        if (typeof value !== "object" || value === null) return false;
        if (Object.keys(value).length === 0) return true;
        // 1.15 documents kubeProxyReplacement in a comment, to tell "not set" from a value.
        if (!(key in value)) return templates.includes(`.Values.${path}`);
        value = (value as Values)[key];
    }
    return true;
}

async function templatesOf(chart: string): Promise<string> {
    const names = await readdir(join(chart, "templates"), { recursive: true });
    const files = names.filter((name) => /\.(yaml|tpl)$/.test(name));
    const texts = files.map((name) => readFile(join(chart, "templates", name), "utf8"));
    return (await Promise.all(texts)).join("\n");
}

const items = (list: { name: string }[]) => new Map(list.map((item) => [item.name, item]));

for (const version of CHART_VERSIONS) {
    describe(`chart ${version}`, { concurrency: true }, () => {
        test("has every value that we set", async () => {
            const chart = await chartOf(version);
            const defaults = parse(await readFile(join(chart, "values.yaml"), "utf8")) as Values;
            const templates = await templatesOf(chart);
            const provided = { enabled: true, tls: { method: "provided" } };
            const ours = [
                TYPED,
                { encryption: { type: "wireguard" } },
                ...(gte(version, "1.16.0") ? [{ hubble: provided }] : []),
            ].flatMap((settings) => paths(chartValues(argsWith(settings))));
            const unknown = ours.filter((path) => !hasValue(path, defaults, templates));
            assert.deepEqual(unknown, []);
            assert.ok(!hasValue("authentication.mutual.spire.nonsense", defaults, templates));
        });

        test("puts both sockets where they are needed, and adopting does the same", async () => {
            const args = argsWith({ ...TYPED, workloadSocketInAgent: false });
            const { find } = await render(version, args);
            const agents = find("DaemonSet", "cilium")!.spec;
            const operator = find("Deployment", "cilium-operator")!.spec;
            const admin = { host: "/run/spire/admin-sockets", readOnly: false };
            const workload = { host: "/run/spire/sockets", readOnly: true };
            assert.deepEqual(mountAt(agents, "cilium-agent", admin.host), admin);
            assert.equal(mountAt(agents, "cilium-agent", workload.host), undefined);
            assert.deepEqual(mountAt(operator, "cilium-operator", workload.host), workload);
            const { daemonSet, deployment } = adoptionPatches(
                adoptArgsWith({ workloadSocketInAgent: false }),
            );
            for (const [patch, rendered] of [
                [daemonSet.content, agents],
                [deployment.content, operator],
            ] as const) {
                for (const volume of patch.template.spec.volumes) {
                    assert.deepEqual(
                        items(rendered.template.spec.volumes).get(volume.name),
                        volume,
                    );
                }
                for (const { name, volumeMounts } of patch.template.spec.containers) {
                    const mount = volumeMounts![0]!;
                    assert.deepEqual(
                        mountAt(rendered, name, mount.mountPath),
                        mountAt(patch, name, mount.mountPath),
                    );
                }
            }
        });

        test("keeps the operator to the nodes of its identity, control planes too", async () => {
            const operatorNodeLabels = { "node-role.kubernetes.io/control-plane": "" };
            const { find } = await render(version, argsWith(TYPED, { operatorNodeLabels }));
            const { spec } = find("Deployment", "cilium-operator")!.spec.template as unknown as {
                spec: { nodeSelector: object; tolerations: { key?: string; operator: string }[] };
            };
            assert.deepEqual(spec.nodeSelector, {
                "kubernetes.io/os": "linux",
                ...operatorNodeLabels,
            });
            const [label] = Object.keys(operatorNodeLabels);
            assert.ok(
                spec.tolerations.some(
                    ({ key = label, operator }) => key === label && operator === "Exists",
                ),
            );
        });

        test("gets the workload socket into its agents, once", async () => {
            const { find } = await render(version, argsWith(TYPED));
            const before = find("DaemonSet", "cilium")!;
            const after = addWorkloadSocket(before, SOCKETS.workload);
            const directory = "/run/spire/sockets";
            assert.deepEqual(mountAt(after.spec, "cilium-agent", directory), {
                host: directory,
                readOnly: true,
            });
            assert.equal(addWorkloadSocket(after, SOCKETS.workload), after);
            const count = ({ template: { spec } }: WorkloadSpec) =>
                [spec.volumes as (Volume | Container)[], spec.containers].map((l) => l.length);
            const [volumes, containers] = count(before.spec);
            assert.deepEqual(count(after.spec), [volumes! + 1, containers]);
        });

        test("makes the ConfigMap that adopting makes, and the same at every rendering", async () => {
            const args = argsWith(TYPED);
            const first = await render(version, args);
            const second = await renderAnew(version, chartValues(args));
            assert.equal(second.text, first.text);
            const { data } = first.find("ConfigMap", "cilium-config")!;
            const meshAuth = meshAuthKeys(data!);
            assert.deepEqual(meshAuth, meshAuthConfig(args));
            assert.equal(data!["enable-ipsec"], "true");
            assert.equal(data!["ipsec-key-file"], "/etc/ipsec/current");
            assert.equal(data!["kube-proxy-replacement"], "true");
            assert.equal(data!["enable-hubble"], "true");
            assert.match(first.text, /secretName: "?keys-2026/);
            assert.ok(first.find("Certificate", "hubble-server-certs"));
            assert.match(first.text, /name: KUBERNETES_SERVICE_HOST\s+value: "api\.example\.org"/);
        });

        test("knows nothing of SPIRE while authentication is off, and of Hubble by default", async () => {
            const { find, text } = await render(version, argsWith({}, { mutualAuth: false }));
            const { data } = find("ConfigMap", "cilium-config")!;
            assert.equal(data!["mesh-auth-enabled"], "false");
            // What is there without us is not ours to change when adopting, except for the switch itself.
            const adopted = meshAuthConfig(adoptArgsWith());
            const shared = Object.keys(meshAuthKeys(data!)).filter((key) => key in adopted);
            assert.deepEqual(shared, ["mesh-auth-enabled"]);
            const both = { ...meshAuthKeys(data!), ...adopted };
            assert.deepEqual(both, meshAuthConfig(argsWith()));
            assert.doesNotMatch(text, /spire/);
            assert.doesNotMatch(text, /hubble-(server|relay)/);
            // Absent up to 1.17, "false" since.
            assert.notEqual(data!["enable-hubble"], "true");
        });
    });
}
