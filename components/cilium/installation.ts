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
        const made: { type: string; name: string }[] = [];
        const note: pulumi.ResourceTransform = ({ type, name }) => {
            made.push({ type, name });
            return undefined;
        };
        const chart = new k8s.helm.v4.Chart(
            "cilium",
            {
                name: "cilium",
                namespace: settings.namespace,
                ...source,
                values: releaseValues(args),
            },
            { parent: this, transforms: [daemonSets.transform, note] },
        );
        // The engine has called the transform for every object before it answers with the list, so it knows all then. An
        // error in an output of ours fails the deployment.
        const references: pulumi.Output<unknown> = chart.resources;
        this.objects = references.apply((all) => asResources(all, chart, made));
        const rolled = references.apply((all) => pulumi.output(daemonSets.rolled(all)));
        new Rollout("cilium", rolled, args.patience, {
            parent: this,
            dependsOn: this.objects,
        });
        this.registerOutputs({});
    }
}

/**
 * The provider's SDK has no classes for kinds that it does not know, such as cert-manager's: of such an object only the ID arrives,
 * `<namespace>/<name>`, with which its name in the chart ends.
 *
 * @param references resources and IDs; not a list while a preview does not know them.
 * @param made all objects, as the engine told the chart's transforms of them.
 */
function asResources(
    references: unknown,
    chart: pulumi.Resource,
    made: readonly { type: string; name: string }[],
): pulumi.Output<pulumi.Resource[]> {
    const all: unknown[] = Array.isArray(references) ? references : [];
    const known = all.filter((reference) => pulumi.Resource.isInstance(reference));
    const ids = all.filter((reference) => typeof reference === "string");
    const urns = made
        .filter(({ name }) => ids.some((id) => name.endsWith(`:${id}`)))
        .map(({ type, name }) => pulumi.createUrn(name, type, chart));
    return pulumi
        .all(urns)
        .apply((found) => [...known, ...found.map((urn) => new pulumi.DependencyResource(urn))]);
}
