/** The manifests in rbac/, and which of their rights were used. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { repositoryRoot } from "../../sandbox/host/paths";
import type { AuditEvent } from "./audit";

export interface Rule {
    apiGroups: string[];
    resources: string[];
    resourceNames?: string[];
    verbs: string[];
}

/** A manifest as far as rights depend on it. */
export interface Manifest {
    kind: string;
    metadata: { name: string; namespace?: string };
    rules?: Rule[];
    roleRef?: { kind: string; name: string };
    subjects?: { kind: string; name: string }[];
}

/** The objects of a file, such as `up` for rbac/up.yaml. */
export async function manifests(name: string): Promise<Manifest[]> {
    const text = await readFile(join(repositoryRoot, "rbac", `${name}.yaml`), "utf8");
    return [...parseAllDocuments(text)].map((document) => document.toJS() as Manifest);
}

/** Rights of these roles, one text each, that no request needed. */
export function unusedRights(roles: Manifest[], events: AuditEvent[]): string[] {
    return roles.flatMap(({ metadata: { namespace }, rules = [] }) =>
        rules.flatMap((rule) => {
            const { resources, verbs, resourceNames: names } = rule;
            const uses = events.flatMap(usesOf).filter((use) => covers(rule, namespace, use));
            const pairs = resources.flatMap((resource) =>
                verbs
                    .filter((verb) => !uses.some((u) => u.resource === resource && u.verb === verb))
                    .map((verb) => `${verb} ${resource}`),
            );
            const idle = (names ?? []).filter((name) => !uses.some((use) => use.name === name));
            return [...pairs, ...idle.map((name) => `${resources.join()} ${name}`)].map(
                (right) => `${namespace ?? "cluster"}: ${right}`,
            );
        }),
    );
}

/** What a request needs one right for. */
interface Use {
    group: string;
    resource: string;
    verb: string;
    namespace?: string | undefined;
    name?: string | undefined;
}

function covers(rule: Rule, namespace: string | undefined, use: Use): boolean {
    return (
        rule.apiGroups.includes(use.group) &&
        rule.resources.includes(use.resource) &&
        rule.verbs.includes(use.verb) &&
        (namespace === undefined || namespace === use.namespace) &&
        (rule.resourceNames === undefined || rule.resourceNames.includes(use.name ?? ""))
    );
}

const CREATED = 201;
/** From 1.35 on this one is asked for as well; the sandbox's API server is older. */
const NEWER = "pods/exec";

/** The right that the request is for, and those that the API server asks for on the way. */
function usesOf({ verb, objectRef, responseStatus }: AuditEvent): Use[] {
    if (!objectRef) return [];
    const { apiGroup: group = "", namespace, name, subresource } = objectRef;
    const resource = [objectRef.resource, ...(subresource ? [subresource] : [])].join("/");
    const use = { group, resource, verb, namespace, name };
    const uses = [use];
    if (resource === NEWER) uses.push({ ...use, verb: "create" });
    if (verb !== "patch") return uses;
    // An apply that makes the object.
    if (responseStatus?.code === CREATED) uses.push({ ...use, verb: "create" });
    // Not needed by who holds what the role grants, which the audit does not say. A binding has the name of its role.
    if (/roles$/.test(resource)) uses.push({ ...use, verb: "escalate" });
    if (/rolebindings$/.test(resource)) {
        uses.push({ ...use, verb: "bind", resource: resource.replace("bindings", "s") });
    }
    return uses;
}
