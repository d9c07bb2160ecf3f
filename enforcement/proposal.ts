/** Policies that somebody wants to try, as a file has them. */
import { parseAllDocuments } from "yaml";
import type { Policy } from "../doctor/checks/policyGuards";
import { PLURALS, type PolicyObject, rulesOf, shortKind } from "../doctor/checks/policyObjects";
import { requires, type Rule } from "../doctor/checks/selector";

export interface Proposal extends Policy {
    /** What stands for it in messages: `shop/payments`, `everywhere`. */
    title: string;
    object: PolicyObject;
}

const KINDS = Object.keys(PLURALS);
/** Peers that are not read here: who would be refused by them could not be said. */
const UNREAD = ["fromRequires", "fromGroups", "fromNodes"];

/**
 * @param text YAML or JSON; one policy per document.
 * @throws Error that names file, document and key, for what is no policy of Cilium's or cannot be tried.
 */
export function proposalsOf(text: string, file: string): Proposal[] {
    const documents = parseAllDocuments(text);
    const proposals = documents.flatMap((document, i): Proposal[] => {
        const where = documents.length > 1 ? `${file}, document ${i + 1}` : file;
        const [error] = document.errors;
        if (error) throw new Error(`${where}: ${error.message}`);
        const value = document.toJS() as Partial<PolicyObject> | null;
        return value === null ? [] : [proposalOf(value, where)];
    });
    if (proposals.length === 0) throw new Error(`${file} has no policy`);
    const titles = proposals.map(({ kind, title }) => `${kind} ${title}`);
    const twice = titles.find((title, i) => titles.indexOf(title) !== i);
    if (twice !== undefined) throw new Error(`${file} has ${twice} twice`);
    return proposals;
}

/** @throws Error with the key, what is wrong with it, and what to do. */
function proposalOf(value: Partial<PolicyObject>, where: string): Proposal {
    const refuse = (key: string, why: string): never => {
        throw new Error(`${where}: ${key} ${why}`);
    };
    const { apiVersion, kind, metadata } = value;
    if (apiVersion !== "cilium.io/v2" || !KINDS.includes(kind ?? "")) {
        const what = `${String(apiVersion)}/${String(kind)}`;
        refuse("kind", `is ${what}; only ${KINDS.join(" and ")} of cilium.io/v2 can require it`);
    }
    const name = metadata?.name ?? refuse("metadata.name", "is missing");
    const wide = kind === "CiliumClusterwideNetworkPolicy";
    const namespace = wide ? undefined : metadata?.namespace;
    if (!wide && namespace === undefined) {
        refuse("metadata.namespace", "is missing; a file is tried where it says, not elsewhere");
    }
    const rules = rulesOf(value);
    if (!rules.some(requires)) {
        refuse(
            "spec",
            "has no rule with authentication: { mode: required }; there is nothing to try, and kubectl apply does the same",
        );
    }
    for (const rule of rules) refuseUnread(rule, refuse);
    const object = value as PolicyObject;
    return {
        ...{ kind: shortKind(object.kind), name, namespace, rules, object },
        title: namespace === undefined ? name : `${namespace}/${name}`,
    };
}

function refuseUnread(
    { endpointSelector, nodeSelector, ingress = [] }: Rule,
    refuse: (key: string, why: string) => never,
): void {
    if (nodeSelector) refuse("nodeSelector", "selects nodes, which can never authenticate");
    if (!endpointSelector) refuse("endpointSelector", "is missing");
    for (const [i, direction] of ingress.entries()) {
        const key = UNREAD.find((each) => each in direction);
        const why = "is not read here, so who would be refused cannot be said; use kubectl apply";
        if (key !== undefined) refuse(`ingress[${i}].${key}`, why);
    }
}
