/** Metrics, alerts and dashboard of a stack. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../settings/schema";
import type { PlainObject } from "./kinds";
import { observabilityObjects } from "./objects";

/** The objects that `observability` asks for; whatever reads them is the cluster's own. */
export class Observability extends pulumi.ComponentResource {
    constructor(name: string, objects: PlainObject[], opts: pulumi.ComponentResourceOptions = {}) {
        super("cilium-spire:observability:Observability", name, {}, opts);
        for (const object of objects) this.create(object);
        this.registerOutputs({});
    }

    private create({ apiVersion, kind, ...object }: PlainObject): pulumi.Resource {
        const { name } = object.metadata;
        const parent = { parent: this };
        if (kind === "ConfigMap") return new k8s.core.v1.ConfigMap(name, object, parent);
        if (kind === "NetworkPolicy") {
            const policy = object as k8s.types.input.networking.v1.NetworkPolicy;
            return new k8s.networking.v1.NetworkPolicy(name, policy, parent);
        }
        const custom = { apiVersion, kind, ...object };
        return new k8s.apiextensions.CustomResource(name, custom, parent);
    }
}

/** Makes what the settings ask for, which by default is nothing. @returns what was made */
export function observe(
    name: string,
    settings: Settings,
    opts: pulumi.ComponentResourceOptions,
): Observability[] {
    const objects = observabilityObjects(settings);
    return objects.length > 0 ? [new Observability(name, objects, opts)] : [];
}
