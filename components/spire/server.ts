/** The SPIRE server: a StatefulSet with its Service, rights and trust bundle. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServerSettings } from "../../settings/spire";
import { BUNDLE_CONFIG_MAP, SERVER_NAME as NAME } from "../names";
import { podTemplate } from "../pod";
import { SERVER_DATA_DIR, SERVER_PORTS, SERVER_SOCKET_DIR, serverConf } from "./serverConf";

/** Arguments of {@link Server}. */
export interface ServerArgs {
    /** SPIFFE trust domain. */
    trustDomain: string;
    /** Name under which agents attest. */
    clusterName: string;
    /** Version of SPIRE: the tag of the image. */
    version: string;
    /** Namespace and service account of the agents. The trust bundle is published in that namespace. */
    agent: { namespace: string; serviceAccount: string };
    /**
     * Node labels that become selectors of the node's agent.
     * @default none
     */
    nodeLabelKeys?: string[];
    /** What the stack configuration says of the server. */
    settings: ServerSettings;
}

const LABELS = { "app.kubernetes.io/name": NAME };
const CONFIG_DIR = "/run/spire/config";
/** The image's user since SPIRE 1.10. */
const USER = 1000;

/**
 * Host and port of the Service of a server in a namespace: known before the server exists, because Cilium, the network
 * that it needs, is told of it. The host works whatever the cluster's DNS domain is.
 */
export function serverAddress(namespace: string): { host: string; port: number } {
    return { host: `${NAME}.${namespace}.svc`, port: SERVER_PORTS.grpc };
}

/**
 * A SPIRE server that stores everything on one volume and admits the agents of one cluster.
 *
 * Ready pods mean a server that answers: its readiness is SPIRE's own.
 */
export class Server extends pulumi.ComponentResource {
    constructor(name: string, args: ServerArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("cilium-spire:spire:Server", name, {}, opts);
        const parent = { parent: this };
        const { settings } = args;
        const namespace = settings.namespace;

        const account = new k8s.core.v1.ServiceAccount(
            NAME,
            { metadata: { name: NAME, namespace } },
            parent,
        );
        this.grantAttestation(namespace);
        this.publishBundle(namespace, args.agent.namespace);
        const configuration = JSON.stringify(
            serverConf({
                ...args,
                bundleConfigMap: BUNDLE_CONFIG_MAP,
                nodeLabelKeys: args.nodeLabelKeys ?? [],
            }),
            undefined,
            2,
        );
        const config = new k8s.core.v1.ConfigMap(
            NAME,
            { metadata: { name: NAME, namespace }, data: { "server.conf": configuration } },
            parent,
        );
        new k8s.core.v1.Service(
            NAME,
            {
                metadata: { name: NAME, namespace, labels: LABELS },
                // A ClusterIP: Cilium's operator dials this address itself, and "None" is not one.
                spec: {
                    type: "ClusterIP",
                    selector: LABELS,
                    ports: [{ name: "grpc", port: SERVER_PORTS.grpc, targetPort: "grpc" }],
                },
            },
            parent,
        );
        new k8s.apps.v1.StatefulSet(
            NAME,
            {
                metadata: { name: NAME, namespace, labels: LABELS },
                spec: {
                    replicas: settings.replicas,
                    serviceName: NAME,
                    selector: { matchLabels: LABELS },
                    template: podTemplate({
                        labels: LABELS,
                        configuration,
                        spec: serverPod(args, account.metadata.name, config.metadata.name),
                    }),
                    volumeClaimTemplates: [dataClaim(settings)],
                    persistentVolumeClaimRetentionPolicy: {
                        whenDeleted: settings.storage.retain ? "Retain" : "Delete",
                        whenScaled: "Retain",
                    },
                },
            },
            { ...parent, dependsOn: [config] },
        );
        this.registerOutputs({});
    }

    /** What k8s_psat needs: to review agents' tokens and to look up their pods and nodes. */
    private grantAttestation(namespace: string): void {
        const role = new k8s.rbac.v1.ClusterRole(
            NAME,
            {
                rules: [
                    {
                        apiGroups: ["authentication.k8s.io"],
                        resources: ["tokenreviews"],
                        verbs: ["create"],
                    },
                    { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get"] },
                ],
            },
            { parent: this },
        );
        new k8s.rbac.v1.ClusterRoleBinding(
            NAME,
            {
                roleRef: {
                    apiGroup: "rbac.authorization.k8s.io",
                    kind: "ClusterRole",
                    name: role.metadata.name,
                },
                subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
            },
            { parent: this },
        );
    }

    /** The ConfigMap that agents bootstrap from; the server may change this one object and no other. */
    private publishBundle(namespace: string, agentNamespace: string): void {
        const name = BUNDLE_CONFIG_MAP;
        const metadata = { name, namespace: agentNamespace };
        new k8s.core.v1.ConfigMap(
            name,
            { metadata },
            // The server fills it; the program only makes it exist.
            { parent: this, ignoreChanges: ["data"] },
        );
        new k8s.rbac.v1.Role(
            name,
            {
                metadata,
                rules: [
                    {
                        apiGroups: [""],
                        resources: ["configmaps"],
                        resourceNames: [name],
                        verbs: ["get", "patch"],
                    },
                ],
            },
            { parent: this },
        );
        new k8s.rbac.v1.RoleBinding(
            name,
            {
                metadata,
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
                subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
            },
            { parent: this },
        );
    }
}

function serverPod(
    { settings, version }: ServerArgs,
    serviceAccountName: pulumi.Input<string>,
    configMap: pulumi.Input<string>,
): Parameters<typeof podTemplate>[0]["spec"] {
    const probe = (path: string) => ({ httpGet: { path, port: "health" } });
    return {
        serviceAccountName,
        priorityClassName: "system-cluster-critical",
        securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
            {
                name: NAME,
                image: `${settings.image}:${version}`,
                imagePullPolicy: "IfNotPresent",
                args: ["run", "-config", `${CONFIG_DIR}/server.conf`],
                ports: SERVER_PORTS,
                readinessProbe: { ...probe("/ready"), periodSeconds: 2 },
                livenessProbe: { ...probe("/live"), initialDelaySeconds: 15, periodSeconds: 30 },
                resources: settings.resources,
                securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ["ALL"] },
                },
                volumeMounts: [
                    {
                        volume: { name: "config", configMap: { name: configMap } },
                        destPath: CONFIG_DIR,
                    },
                    { volume: { name: "socket", emptyDir: {} }, destPath: SERVER_SOCKET_DIR },
                    { name: "data", mountPath: SERVER_DATA_DIR },
                ],
            },
        ],
    };
}

function dataClaim({ storage }: ServerSettings): k8s.types.input.core.v1.PersistentVolumeClaim {
    return {
        metadata: { name: "data" },
        spec: {
            accessModes: ["ReadWriteOnce"],
            ...(storage.storageClass !== undefined && { storageClassName: storage.storageClass }),
            resources: { requests: { storage: storage.size } },
        },
    };
}
