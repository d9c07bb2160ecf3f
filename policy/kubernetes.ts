/** Kubernetes objects among the resources of a stack, whoever made it. */
import type { Resource } from "./rule";

type Fields = Record<string, unknown>;

/** What rules read of an object. Fields of a patch are there only where it sets them. */
export interface KubernetesObject {
    kind: string;
    name: string;
    namespace: string;
    /** `Kind namespace/name`, for messages. */
    title: string;
    urn: string;
    fields: Fields;
    /** Only some fields of an object that somebody else owns. */
    isPatch: boolean;
}

export interface Container {
    name: string;
    image?: string;
}

/** The pod that an object is or makes. */
export interface PodSpec {
    containers: Container[];
    hostPaths: { volume: string; path: string }[];
    labels: Record<string, string>;
    /** It asks for what only the Pod Security level `privileged` admits. */
    isPrivileged: boolean;
    /** Where it is, in the object's own terms. */
    path: string;
}

const PATCH = /Patch$/;

/** The object of a resource, or undefined when it is none; a Helm release or chart is none. */
export function objectOf({ type, urn, props }: Resource): KubernetesObject | undefined {
    const token = /^kubernetes:[^:]+:(\w+)$/.exec(type);
    if (!token || type.startsWith("kubernetes:helm.sh/")) return undefined;
    const kind = textAt(props, "kind") ?? token[1]!.replace(PATCH, "");
    const name = textAt(props, "metadata", "name") ?? urn.split("::").at(-1)!;
    const namespace = textAt(props, "metadata", "namespace") ?? "";
    const title = `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
    return { kind, name, namespace, title, urn, fields: props, isPatch: PATCH.test(token[1]!) };
}

/** The objects among resources. */
export function objectsOf(resources: Resource[]): KubernetesObject[] {
    return resources.map(objectOf).filter((object) => object !== undefined);
}

/** The pod of an object of any kind that has a pod template where Kubernetes' own kinds have it. */
export function podOf({ kind, fields }: KubernetesObject): PodSpec | undefined {
    const path =
        kind === "Pod"
            ? []
            : kind === "CronJob"
              ? ["spec", "jobTemplate", "spec", "template"]
              : ["spec", "template"];
    const template = fieldsAt(fields, ...path);
    const spec = fieldsAt(template, "spec");
    if (!Array.isArray(spec.containers) && !Array.isArray(spec.volumes)) return undefined;
    const containers = ["initContainers", "containers"].flatMap((key) => listAt(spec, key));
    const volumes = listAt(spec, "volumes").flatMap((volume) => {
        const hostPath = textAt(volume, "hostPath", "path");
        if (hostPath === undefined) return [];
        return [{ volume: textAt(volume, "name") ?? "", path: hostPath }];
    });
    return {
        containers: containers.map((container) => ({
            name: textAt(container, "name") ?? "",
            image: textAt(container, "image"),
        })),
        hostPaths: volumes,
        labels: fieldsAt(template, "metadata", "labels") as Record<string, string>,
        isPrivileged:
            volumes.length > 0 ||
            ["hostPID", "hostNetwork", "hostIPC"].some((key) => spec[key] === true) ||
            containers.some((c) => fieldsAt(c, "securityContext").privileged === true),
        path: [...path, "spec"].join("."),
    };
}

/** Which part of SPIRE a pod runs, by the images' names, which mirrors keep; undefined when none. */
export function spirePart({ containers }: PodSpec): "server" | "agent" | undefined {
    const names = containers.map(({ image }) =>
        /(?:^|\/)spire-(server|agent)(?=[:@]|$)/.exec(image ?? ""),
    );
    return names.find((match) => match !== null)?.[1] as "server" | "agent" | undefined;
}

/** The texts of a ConfigMap by key. */
export function textsOf({ kind, fields }: KubernetesObject): [key: string, text: string][] {
    if (kind !== "ConfigMap") return [];
    return Object.entries(fieldsAt(fields, "data")).flatMap(([key, text]) =>
        typeof text === "string" ? [[key, text] as [string, string]] : [],
    );
}

/** The map at a path; an empty one when it is not there. */
export function fieldsAt(value: unknown, ...path: string[]): Fields {
    const found = valueAt(value, path);
    return typeof found === "object" && found !== null && !Array.isArray(found)
        ? (found as Fields)
        : {};
}

/** The list of maps at a path; an empty one when it is not there. */
export function listAt(value: unknown, ...path: string[]): Fields[] {
    const found = valueAt(value, path);
    return Array.isArray(found) ? (found as Fields[]) : [];
}

/** The text at a path. */
export function textAt(value: unknown, ...path: string[]): string | undefined {
    const found = valueAt(value, path);
    return typeof found === "string" ? found : undefined;
}

function valueAt(value: unknown, path: string[]): unknown {
    return path.reduce<unknown>(
        (at, key) => (typeof at === "object" && at !== null ? (at as Fields)[key] : undefined),
        value,
    );
}
