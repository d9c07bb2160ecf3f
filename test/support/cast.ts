/** Pods that stand for those of a cluster that works, on an API server that runs none. */
import type { ApiServer } from "./apiServer";

/** Where they are. */
export const NODE = "node-1";

/** A pod by its name, and by what it is looked for. */
export interface Part {
    namespace: string;
    name: string;
    labels: Record<string, string>;
    container: string;
}

/** Makes Cilium's kinds of objects known, with whatever in them; its operator would. */
export async function makeKinds(api: ApiServer): Promise<void> {
    const kinds = [
        ...["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"],
        ...["CiliumEndpoint", "CiliumIdentity"],
    ];
    const crds = kinds.map((kind) => {
        const singular = kind.toLowerCase();
        const plural = singular.replace(/y$/, "ie") + "s";
        const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
        const version = { name: "v2", served: true, storage: true };
        return {
            apiVersion: "apiextensions.k8s.io/v1",
            kind: "CustomResourceDefinition",
            metadata: { name: `${plural}.cilium.io` },
            spec: {
                group: "cilium.io",
                names: { kind, singular, plural },
                scope: /Identity|Clusterwide/.test(kind) ? "Cluster" : "Namespaced",
                versions: [{ ...version, schema: { openAPIV3Schema: schema } }],
            },
        };
    });
    await api.kubectl(["create", "-f", "-"], crds);
    await api.kubectl(["wait", "--for=condition=Established", "crd", "--all"]);
    // The first request finds no storage, and is repeated by kubectl.
    const names = crds.map(({ spec }) => spec.names.plural).join();
    await api.kubectl(["get", names, "--all-namespaces"]);
}

/** Makes the pods, running and Ready on a node that nobody can reach. */
export async function castPods(api: ApiServer, parts: Part[]): Promise<void> {
    const accounts = [...new Set(parts.map(({ namespace }) => namespace))].map((namespace) => ({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { namespace, name: "default" },
    }));
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: NODE } };
    await api.kubectl(["apply", "-f", "-"], [...accounts, node]);
    const pods = parts.map(({ container, ...metadata }) => ({
        header: { apiVersion: "v1", kind: "Pod", metadata },
        container,
        spec: {
            nodeName: NODE,
            automountServiceAccountToken: false,
            containers: [{ name: container, image: "none" }],
        },
    }));
    const written = pods.map(({ header, spec }) => ({ ...header, spec }));
    await api.kubectl(["create", "-f", "-"], written);
    const conditions = [{ type: "Ready", status: "True" }];
    const ready = pods.map(({ header, container: name }) => {
        const container = { name, image: "none", imageID: "", restartCount: 0, ready: true };
        const running = { ...container, state: { running: {} } };
        const where = { hostIP: "192.0.2.1", hostIPs: [{ ip: "192.0.2.1" }] };
        const status = { phase: "Running", conditions, ...where, containerStatuses: [running] };
        return { ...header, status };
    });
    const apply = ["apply", "--server-side", "--subresource=status", "-f", "-"];
    await api.kubectl(apply, ready);
}
