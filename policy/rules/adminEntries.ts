/** Who may be an admin of SPIRE. */
import { fieldsAt, objectOf, textAt, textsOf } from "../kubernetes";
import type { Resource, ResourceRule } from "../rule";
import { listsIn } from "../spireConf";

export interface AdminEntriesConfig {
    allowed: string[];
    operator: string;
}

/** An identity that is an admin. */
interface Admin {
    /** Where it says so. */
    at: string;
    spiffeId: string;
}

export const adminEntries: ResourceRule<AdminEntriesConfig> = {
    name: "no-other-admins",
    description: "No registration entry is an admin of SPIRE but that of Cilium's operator.",
    properties: {
        allowed: {
            type: "array",
            items: { type: "string" },
            description:
                "SPIFFE IDs that may be admins as well, each as it is written, templates too.",
        },
        operator: {
            type: "string",
            description: "Path of the SPIFFE ID of Cilium's operator.",
        },
    },
    defaults: { allowed: [], operator: "/ns/kube-system/sa/cilium-operator" },
    check: (resource, { allowed, operator }) =>
        adminsOf(resource)
            .filter(
                ({ spiffeId }) => !allowed.includes(spiffeId) && !isOperator(spiffeId, operator),
            )
            .map(({ at, spiffeId }) =>
                isOperator(spiffeId, "/cilium-operator")
                    ? `${at}: "${spiffeId}" is an admin, and the parent of all workloads under every agent: each node would be one; give the operator an ID of its own, ${operator}`
                    : `${at}: "${spiffeId}" is an admin, who can give anybody's identity to anybody; remove that, or name the ID in allowed`,
            ),
};

function isOperator(spiffeId: string, operator: string): boolean {
    return /^spiffe:\/\/[^/]+(\/.*)$/.exec(spiffeId)?.[1] === operator;
}

/** All that a resource makes an admin, however it is written. */
function adminsOf(resource: Resource): Admin[] {
    if (/^pulumi-nodejs:dynamic\/spire:\w+Entries$/.test(resource.type)) return planned(resource);
    const object = objectOf(resource);
    if (!object) return [];
    const { kind, title, fields } = object;
    // Of spire-controller-manager.
    if (kind === "ClusterSPIFFEID" || kind === "ClusterStaticEntry") {
        const spec = fieldsAt(fields, "spec");
        if (spec.admin !== true) return [];
        const id = textAt(spec, "spiffeIDTemplate") ?? textAt(spec, "spiffeID") ?? "";
        return [{ at: `${title}: spec.admin = true`, spiffeId: id }];
    }
    return textsOf(object).flatMap(([file, text]) =>
        listsIn(text, "admin_ids").map((spiffeId) => ({
            at: `${title}: ${file}: admin_ids`,
            spiffeId,
        })),
    );
}

/** The entries that a resource of cilium-spire writes. */
function planned({ urn, props }: Resource): Admin[] {
    const name = urn.split("::").at(-1)!;
    return Object.entries(fieldsAt(props, "entries")).flatMap(([key, entry]) => {
        if (fieldsAt(entry).admin !== true) return [];
        return [{ at: `entry ${key} of ${name}`, spiffeId: textAt(entry, "spiffeId") ?? "" }];
    });
}
