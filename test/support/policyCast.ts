/** The pods of examples/policies/scenes.ts on a cluster. */
import assert from "node:assert/strict";
import { type Cluster, poll } from "@cilium-spire/entries-provider";
import type { Attempt, Scene, ScenePod } from "../../examples/policies/scenes";
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import { testSandbox } from "./sandbox";

const IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.56";
const READY_S = 120;
const CONNECT_S = 2;
/**
 * A label of each run, beside that of each pod: an identity outlives its pods for a while, and Cilium's operator writes an entry
 * for a new one alone.
 */
const RUN = String(Date.now());

interface Endpoint {
    metadata: { name: string; namespace: string };
    status?: { identity?: { id: number }; networking?: { addressing: { ipv4?: string }[] } };
}

/** By `namespace/name`. */
type Endpoints = Map<string, { identity: number; address: string }>;

/** Runs kubectl with the words given, and objects for its standard input. */
export async function kubectl(args: string[], objects?: object[]): Promise<string> {
    const list = objects && { apiVersion: "v1", kind: "List", items: objects };
    const input = list && { input: JSON.stringify(list) };
    return await kubectlOf(testSandbox, args, { ...input, timeoutMs: 180_000 });
}

/** Pods by `namespace/name`, each with an identity of its own. */
export class PolicyCast {
    private endpoints: Endpoints = new Map();

    constructor(
        private readonly cluster: Cluster,
        readonly pods: Record<string, ScenePod>,
    ) {}

    static of(cluster: Cluster, scenes: Scene[]): PolicyCast {
        const pods = Object.fromEntries(scenes.flatMap(({ pods }) => Object.entries(pods)));
        return new PolicyCast(cluster, pods);
    }

    get namespaces(): string[] {
        return [...new Set(Object.keys(this.pods).map((key) => namespaced(key).namespace))];
    }

    /** @param labels of namespaces, by name. */
    async makeNamespaces(labels: Record<string, Record<string, string>>): Promise<void> {
        const namespaces = this.namespaces.map((name) => ({
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name, labels: labels[name] },
        }));
        await kubectl(["apply", "-f", "-"], namespaces);
    }

    /** Makes the pods and waits until they are Ready: where policies are in place, the kubelet's probes pass. */
    async makePods(): Promise<void> {
        const objects = Object.entries(this.pods).flatMap(([key, pod]) => objectsOf(key, pod));
        await kubectl(["apply", "-f", "-"], objects);
        const ready = ["wait", "--for=condition=Ready", "pod", "--all", `--timeout=${READY_S}s`];
        await Promise.all(this.namespaces.map((name) => kubectl(["-n", name, ...ready])));
        this.endpoints = await poll<Endpoints>(30_000, "identities of the pods", async () => {
            const { items } = JSON.parse(
                await kubectl(["get", "ciliumendpoints", "-A", "-o", "json"]),
            ) as { items: Endpoint[] };
            const found = items.flatMap(({ metadata: { namespace, name }, status }) => {
                const identity = status?.identity?.id;
                const address = status?.networking?.addressing[0]?.ipv4;
                const known = identity !== undefined && address !== undefined;
                return known ? [[`${namespace}/${name}`, { identity, address }] as const] : [];
            });
            const endpoints: Endpoints = new Map(found.filter(([key]) => key in this.pods));
            const missing = Object.keys(this.pods).filter((key) => !endpoints.has(key));
            return missing.length === 0 ? { done: endpoints } : { waitingFor: missing.join(", ") };
        });
        const identities = [...this.endpoints.values()].map(({ identity }) => identity);
        assert.equal(new Set(identities).size, identities.length, "pods share an identity");
    }

    /** The security identity of a pod; undefined for a Service. */
    identity(key: string): number | undefined {
        return this.endpoints.get(key)?.identity;
    }

    /** Of a pod that runs. */
    address(key: string): string {
        return this.endpoints.get(key)!.address;
    }

    /** Tries one TCP connection. */
    async connects({ from, to, port }: Attempt): Promise<boolean> {
        const { namespace, name } = namespaced(from);
        const address = this.endpoints.get(to)?.address ?? (await this.serviceAddress(to));
        const target = `${address}:${port}`;
        const { code } = await this.cluster.exec(
            { namespace, pod: name, container: "main" },
            ["/agnhost", "connect", target, `--timeout=${CONNECT_S}s`],
            { timeoutMs: 20_000 },
        );
        return code === 0;
    }

    async removeNamespaces(): Promise<void> {
        await kubectl(["delete", "namespace", ...this.namespaces, "--ignore-not-found"]);
    }

    private async serviceAddress(key: string): Promise<string> {
        const { spec } = await this.cluster.ask(
            this.cluster.core.readNamespacedService(namespaced(key)),
        );
        return spec!.clusterIP!;
    }
}

function namespaced(key: string): { namespace: string; name: string } {
    const [namespace, name] = key.split("/") as [string, string];
    return { namespace, name };
}

/** A pod, and the service account as which it runs, if it is not that of all. */
function objectsOf(key: string, { app, account, ports = [] }: ScenePod): object[] {
    const { namespace, name } = namespaced(key);
    const labels = { app: app ?? name, pod: name, run: RUN };
    const servers = ports.map((port, i) => ({
        name: i === 0 ? "main" : `port-${port}`,
        image: IMAGE,
        args: ["netexec", `--http-port=${port}`, "--udp-port=-1"],
        readinessProbe: { httpGet: { path: "/", port }, periodSeconds: 1 },
    }));
    const waiter = { name: "main", image: IMAGE, args: ["pause"] };
    const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace, name, labels },
        spec: {
            ...(account !== undefined && { serviceAccountName: account }),
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 1,
            containers: servers.length > 0 ? servers : [waiter],
        },
    };
    if (account === undefined) return [pod];
    const metadata = { namespace, name: account };
    return [{ apiVersion: "v1", kind: "ServiceAccount", metadata }, pod];
}
