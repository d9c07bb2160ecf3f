/** Cilium, installed from its chart with mutual authentication by an external SPIRE. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DaemonSetTransform } from "./daemonSetTransform";
import type { InstallationArgs } from "./args";
import { chartSource, shadowProblem } from "./chartSource";
import { releaseValues } from "./chartValues";
import { Rollout } from "../rollout";

/**
 * Cilium's chart, rendered into single resources so that a preview shows each, and waited for until agents and operator
 * are Ready. That does not need SPIRE: Cilium keeps retrying until there is one.
 */
export class Installation extends pulumi.ComponentResource {
    /** What the chart was rendered to. */
    readonly objects: pulumi.Output<pulumi.Resource[]>;

    constructor(name: string, args: InstallationArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The type is in users' states.
        super("cilium-spire:cilium:Release", name, {}, opts);
        const { settings } = args;
        const source = chartSource(settings.chart, settings.version);
        const shadow = shadowProblem(source);
        if (shadow !== undefined) throw new pulumi.RunError(shadow);
        const daemonSets = new DaemonSetTransform(args);
        const chart = new k8s.helm.v4.Chart(
            "cilium",
            {
                name: "cilium",
                namespace: settings.namespace,
                ...source,
                values: releaseValues(args),
            },
            { parent: this, transforms: [daemonSets.transform] },
        );
        // The engine has called the transform for every object before it answers with the list, so it knows all then. An
        // error in an output of ours fails the deployment.
        this.objects = chart.resources.apply(asResources);
        const rolled = this.objects.apply((resources) =>
            pulumi.output(daemonSets.rolled(resources)),
        );
        new Rollout("cilium", rolled, args.patience, {
            parent: this,
            dependsOn: this.objects,
        });
        this.registerOutputs({});
    }
}

/**
 * The provider's SDK has no classes for kinds that it does not know, such as cert-manager's: of such an object only the URN arrives.
 *
 * @param references not a list while a preview does not know them.
 */
function asResources(references: (pulumi.Resource | pulumi.URN)[]): pulumi.Resource[] {
    if (!Array.isArray(references)) return references;
    return references.map((reference) =>
        typeof reference === "string" ? new pulumi.DependencyResource(reference) : reference,
    );
}
