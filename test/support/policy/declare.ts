/** Resources for the cases of the policy pack. */
import { confText } from "../../../components/spire/confText";

/** A resource as a program makes it. */
export interface Declared {
    type: string;
    name: string;
    inputs: object;
}

export interface Case {
    /** Name of the policy. */
    policy: string;
    follows: Declared[];
    breaks: { resources: Declared[]; message: RegExp }[];
}

export const SERVER_IMAGE = "ghcr.io/spiffe/spire-server:1.15.3";
export const AGENT_IMAGE = "mirror.example.org/spiffe/spire-agent:1.15.3";

/** @param metadata `namespace/name`, or a name alone */
export function object(
    apiVersion: string,
    kind: string,
    metadata: string,
    fields: object = {},
): Declared {
    const [name, namespace] = metadata.split("/").reverse();
    const { labels, ...rest } = fields as { labels?: object };
    return {
        type: `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`,
        name: metadata.replace("/", "-"),
        inputs: { apiVersion, kind, metadata: { name, namespace, labels }, ...rest },
    };
}

export function configMap(metadata: string, data: Record<string, string>): Declared {
    return object("v1", "ConfigMap", metadata, { data });
}

interface Pod {
    replicas?: number;
    labels?: object;
}

export function workload(
    kind: string,
    metadata: string,
    image: string,
    more: object = {},
): Declared {
    const { replicas, labels, ...pod }: Pod = { labels: { app: "x" }, ...more };
    const containers = [{ name: "main", image }];
    return object("apps/v1", kind, metadata, {
        spec: {
            replicas,
            selector: { matchLabels: labels },
            ...(kind === "StatefulSet" && { serviceName: "x" }),
            template: { metadata: { labels }, spec: { containers, ...pod } },
        },
    });
}

export function hostPath(path: string): object {
    return { volumes: [{ name: "host", hostPath: { path } }] };
}

export function namespace(name: string, level?: string): Declared {
    const labels = level === undefined ? {} : { "pod-security.kubernetes.io/enforce": level };
    return object("v1", "Namespace", name, { labels });
}

export function agentConf(workload: string, admin: string): Record<string, string> {
    const agent = { socket_path: workload, admin_socket_path: admin };
    return { "agent.conf": confText({ agent }) };
}

export function attestation(...accounts: string[]): Record<string, string> {
    const clusters = { demo: { service_account_allow_list: accounts } };
    return { "server.conf": confText({ plugins: { NodeAttestor: [{ k8s_psat: { clusters } }] } }) };
}

export function datastore(type: string): Record<string, string> {
    const sql = { plugin_data: { database_type: type } };
    return { "server.conf": confText({ plugins: { DataStore: [{ sql }] } }) };
}

/** A resource of ours, whose plan `check` has put into its inputs. */
export function entries(kind: string, name: string, admin: Record<string, string>): Declared {
    const planned = Object.entries(admin).map(
        ([key, spiffeId]) => [key, { spiffeId, admin: true }] as const,
    );
    return {
        type: `pulumi-nodejs:dynamic/spire:${kind}`,
        name,
        inputs: {
            entries: { ...Object.fromEntries(planned), link: { spiffeId: "spiffe://demo/x" } },
        },
    };
}

export function networkPolicy(kind: string, metadata: string, mode: string): Declared {
    const fromEndpoints = [{ matchLabels: { app: "a" } }];
    const ingress = [{ fromEndpoints, authentication: { mode } }];
    return object("cilium.io/v2", kind, metadata, { spec: { endpointSelector: {}, ingress } });
}

export function release(name: string, values: object): Declared {
    return { type: "kubernetes:helm.sh/v3:Release", name, inputs: { chart: "cilium", values } };
}
