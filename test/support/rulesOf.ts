/** What the API server itself says of somebody's rights. */
import type { ApiServer } from "./apiServer";

interface Rule {
    apiGroups: string[];
    resources: string[];
    verbs: string[];
}

/** The rights of a group in a namespace, without those that everybody has: to ask who they are and what they may. */
export async function rulesOf(api: ApiServer, group: string, namespace: string): Promise<Rule[]> {
    const review = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectRulesReview",
        spec: { namespace },
    };
    const as = ["--as=somebody", `--as-group=${group}`, "--as-group=system:authenticated"];
    const answer = await api.kubectl(["create", ...as, "-o", "json", "-f", "-"], [review]);
    const { status } = JSON.parse(answer) as { status: { resourceRules: Rule[] } };
    const own = ["authorization.k8s.io", "authentication.k8s.io"];
    return status.resourceRules.filter(({ apiGroups }) => !apiGroups.some((g) => own.includes(g)));
}
