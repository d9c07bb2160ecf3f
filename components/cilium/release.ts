/** Cilium, installed from its chart with mutual authentication by an external SPIRE. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { CiliumSettings } from "../../settings/cilium";
import { CILIUM } from "../names";
import { mergeValues, type MutualAuthArgs, mutualAuthValues } from "./values";
import { addWorkloadSocket, type DaemonSetProps } from "./workloadSocket";

/** Arguments of {@link Release}. */
export interface ReleaseArgs extends MutualAuthArgs {
    /** What the stack configuration says of Cilium. */
    settings: CiliumSettings;
}

const REPOSITORY = "https://helm.cilium.io";
const DAEMON_SET = { type: "kubernetes:apps/v1:DaemonSet", name: CILIUM.agentDaemonSet };

/**
 * Cilium's chart, rendered into single resources so that a preview shows each, and waited for until agents and operator
 * are Ready. That does not need SPIRE: Cilium keeps retrying until there is one.
 */
export class Release extends pulumi.ComponentResource {
    constructor(name: string, args: ReleaseArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("cilium-spire:cilium:Release", name, {}, opts);
        const { settings } = args;
        const socket = new SocketTransform(args.sockets.workload);
        const chart = new k8s.helm.v4.Chart(
            "cilium",
            {
                name: "cilium",
                namespace: settings.namespace,
                ...chartSource(settings),
                values: mergeValues(settings.values, mutualAuthValues(args)),
            },
            {
                parent: this,
                ...(settings.workloadSocketInAgent && { transforms: [socket.transform] }),
            },
        );
        if (settings.workloadSocketInAgent) socket.assertFired(chart);
        this.registerOutputs({});
    }
}

/** The transformation of the chart's DaemonSet, and whether it ever met it: one that matches nothing is silent. */
class SocketTransform {
    private fired = false;

    constructor(private readonly socket: string) {}

    readonly transform: pulumi.ResourceTransform = ({ type, props, opts }) => {
        const metadata = (props as { metadata?: { name?: unknown } }).metadata;
        if (type !== DAEMON_SET.type || metadata?.name !== DAEMON_SET.name) return undefined;
        this.fired = true;
        return { props: addWorkloadSocket(props as DaemonSetProps, this.socket), opts };
    };

    /** Fails the deployment when the rendered chart had no DaemonSet to transform. */
    assertFired(chart: k8s.helm.v4.Chart): void {
        chart.resources.apply((resources) => {
            if (Array.isArray(resources) && !this.fired) {
                throw new Error(
                    `the Cilium chart has no DaemonSet "${DAEMON_SET.name}", so the workload socket was mounted nowhere; use a supported chart or set cilium.workloadSocketInAgent to false`,
                );
            }
        });
    }
}

function chartSource({ chart, version }: CiliumSettings) {
    if (chart !== undefined) return { chart };
    return { chart: "cilium", version, repositoryOpts: { repo: REPOSITORY } };
}
