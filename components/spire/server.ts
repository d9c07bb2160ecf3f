/** The SPIRE server: a StatefulSet with its Services, rights and trust bundle. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServerSettings } from "../../settings/spire";
import { BUNDLE_CONFIG_MAP, SERVER_NAME, SERVER_PORTS } from "../names";
import { podTemplate, revisionOf } from "../pod";
import type { ServerArgs } from "./args";
import { Backup } from "./backup";
import { prepareControllerManager } from "./controllerManager";
import { CONTROLLER_MANAGER_FILE, controllerManagerConf } from "./controllerManagerPod";
import { SERVER_SOCKET_DIR, serverConf } from "./serverConf";
import { confText } from "./confText";
import { CLAIM_DEFAULTS, SERVER_LABELS, serverClaims, serverPod } from "./serverPod";
import { grantServer } from "./serverRbac";
import { upstreamAuthorityAnnotations } from "./upstreamAuthority";

/** Service of the bundle endpoint, which may be of another type than that of the server. */
const BUNDLE_ENDPOINT = `${SERVER_NAME}-bundle-endpoint`;

/**
 * A SPIRE server that admits the agents of one cluster: one replica with everything on its volume, or several that share
 * a PostgreSQL.
 *
 * Ready pods mean a server that answers: its readiness is SPIRE's own.
 */
export class Server extends pulumi.ComponentResource {
    /** Changes with every rollout of the pods. */
    readonly revision: pulumi.Output<string>;

    constructor(name: string, args: ServerArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("cilium-spire:spire:Server", name, {}, opts);
        const parent = { parent: this };
        const { settings } = args;
        const metadata = {
            name: SERVER_NAME,
            namespace: settings.namespace,
            labels: SERVER_LABELS,
        };

        const account = new k8s.core.v1.ServiceAccount(
            SERVER_NAME,
            {
                metadata: {
                    ...metadata,
                    annotations: upstreamAuthorityAnnotations(settings.upstreamAuthority),
                },
            },
            parent,
        );
        const bundle = new k8s.core.v1.ConfigMap(
            BUNDLE_CONFIG_MAP,
            { metadata: { name: BUNDLE_CONFIG_MAP, namespace: args.agentNamespace } },
            // The server fills it; the program only makes it exist.
            { ...parent, ignoreChanges: ["data"] },
        );
        const rights = grantServer(settings, args.agentNamespace, this);
        if (args.controllerManager) rights.push(...prepareControllerManager(args, this));
        const files = configurationFiles(args);
        const config = new k8s.core.v1.ConfigMap(SERVER_NAME, { metadata, data: files }, parent);
        this.exposeServices(settings);
        if (settings.replicas > 1) this.limitDisruption(settings);
        const template = podTemplate({
            labels: SERVER_LABELS,
            configuration: Object.values(files).join(""),
            annotatedPort: args.annotated ? SERVER_PORTS.metrics : undefined,
            spec: serverPod(args),
        });
        this.revision = revisionOf(template);
        new k8s.apps.v1.StatefulSet(
            SERVER_NAME,
            {
                metadata,
                spec: {
                    replicas: settings.replicas,
                    serviceName: SERVER_NAME,
                    updateStrategy: { type: settings.updateStrategy },
                    podManagementPolicy: settings.podManagementPolicy,
                    selector: { matchLabels: SERVER_LABELS },
                    template,
                    ...serverClaims(settings),
                },
            },
            {
                ...parent,
                protect: args.protect,
                dependsOn: [account, bundle, config, ...rights],
                // Claims cannot be changed, so one that was made without its defaults would be replaced because of them.
                ignoreChanges: CLAIM_DEFAULTS.map((key) => `spec.volumeClaimTemplates[0].${key}`),
            },
        );
        if (settings.backup) new Backup("backup", args, settings.backup, parent);
        this.registerOutputs({});
    }

    private exposeServices({ namespace, federation }: ServerSettings): void {
        const parent = { parent: this };
        new k8s.core.v1.Service(
            SERVER_NAME,
            {
                metadata: { name: SERVER_NAME, namespace, labels: SERVER_LABELS },
                // A ClusterIP: Cilium's operator dials this address itself, and "None" is not one.
                spec: {
                    type: "ClusterIP",
                    selector: SERVER_LABELS,
                    ports: [{ name: "grpc", port: SERVER_PORTS.grpc, targetPort: "grpc" }],
                },
            },
            parent,
        );
        const service = federation?.bundleEndpoint?.service;
        if (!service) return;
        const { type, port, nodePort, annotations } = service;
        new k8s.core.v1.Service(
            BUNDLE_ENDPOINT,
            {
                metadata: { name: BUNDLE_ENDPOINT, namespace, labels: SERVER_LABELS, annotations },
                spec: {
                    type,
                    selector: SERVER_LABELS,
                    ports: [{ name: "bundle", port, nodePort, targetPort: "bundle" }],
                },
            },
            parent,
        );
    }

    /** A drain takes one replica at a time. A single replica has no budget, which would block every drain. */
    private limitDisruption({ namespace }: ServerSettings): void {
        new k8s.policy.v1.PodDisruptionBudget(
            SERVER_NAME,
            {
                metadata: { name: SERVER_NAME, namespace, labels: SERVER_LABELS },
                spec: {
                    maxUnavailable: 1,
                    selector: { matchLabels: SERVER_LABELS },
                    // A replica that does not work holds up no drain.
                    unhealthyPodEvictionPolicy: "AlwaysAllow",
                },
            },
            { parent: this },
        );
    }
}

/** What the pod reads at its start, by file. */
function configurationFiles(args: ServerArgs): Record<string, string> {
    const { controllerManager } = args;
    if (!controllerManager) return { "server.conf": confText(serverConf(args)) };
    const manager = controllerManagerConf(args, controllerManager, SERVER_SOCKET_DIR);
    return {
        "server.conf": confText(serverConf(args)),
        [CONTROLLER_MANAGER_FILE]: JSON.stringify(manager, undefined, 2),
    };
}
