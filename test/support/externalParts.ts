/** Parts of SPIREs that someone else made, as plain objects. */
import { wantedVersions } from "../../sandbox/build/versions";

const RBAC = "rbac.authorization.k8s.io";

export function account(namespace: string, name: string): object {
    return { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } };
}

export function configMap(namespace: string, name: string, data?: Record<string, string>): object {
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data };
}

/** @param level of Pod Security that is enforced in it. */
export function namespaceOf(name: string, level?: string): object {
    const labels = level !== undefined && { "pod-security.kubernetes.io/enforce": level };
    return { apiVersion: "v1", kind: "Namespace", metadata: { name, ...(labels && { labels }) } };
}

interface Grant {
    name: string;
    /** Of the role; the whole cluster when absent. */
    namespace?: string;
    rules: object[];
    to: { namespace: string; name: string };
}

function granted({ name, namespace, rules, to }: Grant): object[] {
    const kind = namespace === undefined ? "ClusterRole" : "Role";
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    const apiVersion = `${RBAC}/v1`;
    return [
        { apiVersion, kind, metadata, rules },
        {
            apiVersion,
            kind: `${kind}Binding`,
            metadata,
            roleRef: { apiGroup: RBAC, kind, name },
            subjects: [{ kind: "ServiceAccount", ...to }],
        },
    ];
}

export function rights(serverNamespace: string, agentNamespace: string, verbs: string[]): object[] {
    const server = { namespace: serverNamespace, name: "spire-server" };
    const rule = (apiGroup: string, resources: string[], may: string[]) => ({
        apiGroups: [apiGroup],
        resources,
        verbs: may,
    });
    return [
        ...granted({
            name: "spire-server",
            rules: [
                rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
                rule("", ["nodes", "pods"], ["get", "list"]),
            ],
            to: server,
        }),
        ...granted({
            name: "spire-bundle",
            namespace: agentNamespace,
            rules: [rule("", ["configmaps"], verbs)],
            to: server,
        }),
        ...granted({
            name: "spire-agent",
            rules: [rule("", ["pods", "nodes", "nodes/proxy"], ["get"])],
            to: { namespace: agentNamespace, name: "spire-agent" },
        }),
    ];
}

interface Part {
    namespace: string;
    labels: Record<string, string>;
    /** Volumes by the path where they are mounted. */
    mounts: Record<string, object>;
    /** More of the pod's spec. */
    pod?: object;
    /** More of the container. */
    container?: object;
}

function pod(name: string, { labels, mounts, pod: more, container }: Part): object {
    const { spire } = wantedVersions();
    const paths = Object.entries(mounts).map(([path, volume], i) => ({
        path,
        volume,
        name: `v${i}`,
    }));
    return {
        metadata: { labels },
        spec: {
            serviceAccountName: name,
            ...more,
            containers: [
                {
                    name,
                    image: `ghcr.io/spiffe/${name}:${spire}`,
                    imagePullPolicy: "IfNotPresent",
                    readinessProbe: { httpGet: { path: "/ready", port: "healthz" } },
                    volumeMounts: paths.map(({ path, name: volume }) => ({
                        name: volume,
                        mountPath: path,
                    })),
                    ...container,
                },
            ],
            volumes: paths
                .filter(({ volume }) => !("claim" in volume))
                .map(({ volume, name: volumeName }) => ({ name: volumeName, ...volume })),
        },
    };
}

export function serverSet(part: Part): object {
    const { namespace, labels, mounts } = part;
    const claim = Object.values(mounts).findIndex((volume) => "claim" in volume);
    return {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { namespace, name: "spire-server", labels },
        spec: {
            replicas: 1,
            serviceName: "spire-server",
            selector: { matchLabels: labels },
            template: pod("spire-server", part),
            volumeClaimTemplates: [
                {
                    metadata: { name: `v${claim}` },
                    spec: {
                        accessModes: ["ReadWriteOnce"],
                        resources: { requests: { storage: "1Gi" } },
                    },
                },
            ],
        },
    };
}

export function agentSet(part: Part): object {
    const { namespace, labels } = part;
    return {
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: { namespace, name: "spire-agent", labels },
        spec: {
            selector: { matchLabels: labels },
            template: pod("spire-agent", {
                ...part,
                pod: { hostPID: true, tolerations: [{ operator: "Exists" }], ...part.pod },
            }),
        },
    };
}

export function service(namespace: string, port: number, selector: object): object {
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: { namespace, name: "spire-server" },
        spec: { selector, ports: [{ name: "grpc", port, targetPort: "grpc" }] },
    };
}

export const PORTS = [
    { name: "grpc", containerPort: 8081 },
    { name: "healthz", containerPort: 8080 },
];
/** SPIRE's server image runs as this user since 1.10. */
export const SERVER_POD = { securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 } };

export function hostPath(path: string): object {
    return { hostPath: { path, type: "DirectoryOrCreate" } };
}

export const TOKEN = {
    projected: {
        sources: [
            {
                serviceAccountToken: {
                    path: "spire-agent",
                    expirationSeconds: 7200,
                    audience: "spire-server",
                },
            },
        ],
    },
};
