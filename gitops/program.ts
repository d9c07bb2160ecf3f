/** The parts of the program that are objects of a cluster, each rendered into a folder of its own instead. */
import { join, resolve } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { ciliumArgs, type InstallationArgs } from "../components/cilium/args";
import { chartSource } from "../components/cilium/chartSource";
import { releaseValues } from "../components/cilium/chartValues";
import { DaemonSetTransform } from "../components/cilium/daemonSetTransform";
import { agentArgs, oidcDiscoveryProviderArgs, serverArgs } from "../components/spire/args";
import { Agent } from "../components/spire/agent";
import { OidcDiscoveryProvider } from "../components/spire/oidcDiscoveryProvider";
import { spireNamespaces } from "../components/spire/namespaces";
import { Server } from "../components/spire/server";
import type { InstallSettings } from "../settings/cilium";
import type { InstallStack } from "../settings/schema";

/** Settings of a stack that installs Cilium and SPIRE. */
export type Installing = InstallStack & { cilium: InstallSettings };

/** What the engine renders; each that has objects has a folder of that name. */
export const ENGINE_STAGES = ["cilium", "spire-server", "spire-agents", "oidc"] as const;

/** The oldest release that this program works on: charts leave newer fields out, which older API servers would refuse. */
const OLDEST_KUBERNETES = "1.30.0";

/** @param folder below which each part gets a folder, as the provider lays it out. */
export function renderProgram(settings: Installing, folder: string): PulumiFn {
    // eslint-disable-next-line @typescript-eslint/require-await -- the engine wants a promise
    return async () => {
        const into = (stage: (typeof ENGINE_STAGES)[number]) => ({
            provider: new k8s.Provider(stage, { renderYamlToDirectory: join(folder, stage) }),
        });
        renderChart(ciliumArgs(settings), into("cilium"));
        const server = into("spire-server");
        spireNamespaces(settings.spire, server);
        new Server("spire", serverArgs(settings), server);
        // Nothing is waited for: that is Flux's affair.
        const { patience: _, ...agent } = agentArgs(settings);
        new Agent("spire", agent, into("spire-agents"));
        const provider = oidcDiscoveryProviderArgs(settings);
        if (provider) new OidcDiscoveryProvider("oidc", provider, into("oidc"));
    };
}

/**
 * Cilium's chart with the same values and the same transformation as an installation's. By Pulumi's older Chart: the newer
 * takes a cluster that it cannot ask for Kubernetes 1.20, and cannot be told otherwise.
 */
function renderChart(args: InstallationArgs, opts: pulumi.ComponentResourceOptions): void {
    const { settings } = args;
    const { chart, version, repositoryOpts } = chartSource(settings.chart, settings.version);
    const daemonSets = new DaemonSetTransform(args);
    const common = {
        namespace: settings.namespace,
        values: releaseValues(args),
        kubeVersion: OLDEST_KUBERNETES,
        // Charts refuse monitors on a cluster without their kind. Whether Prometheus' operator is there is not for us to see.
        apiVersions: ["monitoring.coreos.com/v1"],
    };
    const source =
        version === undefined
            ? // The engine has another current directory.
              { path: resolve(chart) }
            : { chart, version, ...(repositoryOpts && { fetchOpts: repositoryOpts }) };
    const { resources } = new k8s.helm.v3.Chart(
        "cilium",
        { ...common, ...source },
        { ...opts, transforms: [daemonSets.transform] },
    );
    // When the engine has called the transformation for all. An error in an output fails the rendering.
    resources
        .apply((objects) => pulumi.all(Object.values(objects).map(({ urn }) => urn)))
        .apply((urns) => daemonSets.rolled(urns));
}
