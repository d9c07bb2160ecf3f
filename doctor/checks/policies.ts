/** Policies that require authentication of what authentication itself needs: a deadlock after the next outage. */
import { BEFORE_TRIAL } from "../../components/names";
import { labelledIdentities } from "../identities";
import type { Patient } from "../patient";
import { type Check, found, type Trouble } from "./check";
import { guard, GUARDS, type Policy, wordsOf } from "./policyGuards";
import { allPolicies, complaintAbout, type LivePolicy, rulesOf, shortKind } from "./policyObjects";
import { requires } from "./selector";

const INVALID: Trouble = {
    id: "policy-invalid",
    symptom:
        "`kubectl get ciliumnetworkpolicies` has `VALID False` for a policy with `authentication`.",
    why: "What Cilium takes for invalid it need not enforce: from 1.19 on, a rule with `mode: required` lets packets pass unauthenticated where authentication is off.",
    cure: "do what the message asks for: `kubectl NAMESPACED edit KIND NAME`, or delete it: `kubectl NAMESPACED delete KIND NAME`; where it says that mutual auth is disabled, set `authentication.enabled=true` in the release of Cilium and let its operator start anew: `kubectl -n CILIUM delete pod -l io.cilium/app=operator`",
};
const INVALID_OTHER: Trouble = {
    id: "policy-invalid-other",
    symptom:
        "`kubectl get ciliumnetworkpolicies` has `VALID False` for a policy without `authentication`.",
    why: "What Cilium takes for invalid it need not enforce.",
    cure: "do what the message asks for: `kubectl NAMESPACED edit KIND NAME`, or delete it: `kubectl NAMESPACED delete KIND NAME`",
    note: true,
};

const ON_TRIAL: Trouble = {
    id: "policy-on-trial",
    symptom: `A policy has the annotation \`${BEFORE_TRIAL}\`.`,
    why: "`cilium-spire enforce` is trying it, or was killed while it did: then nobody watches whom it refuses.",
    cure: `unless somebody is trying it, take all such policies back: \`npx cilium-spire enforce --back\`; or keep this one: \`kubectl NAMESPACED annotate KIND NAME ${BEFORE_TRIAL}-\``,
    note: true,
};

/** A policy of the cluster. */
interface SeenPolicy extends Policy {
    isOnTrial: boolean;
    /** Why Cilium's operator, which looks at each policy since 1.16, takes it for invalid. */
    invalid?: string | undefined;
}

const policies: Check = {
    id: "policies",
    name: "policies",
    troubles: [...GUARDS, INVALID, INVALID_OTHER, ON_TRIAL],
    extra: true,
    run: async (patient) => {
        const [live, identities] = await Promise.all([
            allPolicies(patient.cluster),
            labelledIdentities(patient.cluster),
        ]);
        const all = live.map(toPolicy);
        const requiring = all.filter(({ rules }) => rules.some(requires));
        const findings = [
            ...requiring.flatMap((policy) => guard(patient, policy, identities)),
            ...all.flatMap((policy) => invalid(patient, policy)),
            ...all.filter(({ isOnTrial }) => isOnTrial).map(onTrial),
        ];
        return { seen: `${requiring.length} require authentication, of what can`, findings };
    },
};

function invalid({ site }: Patient, policy: SeenPolicy) {
    if (policy.invalid === undefined) return [];
    const { where, words } = wordsOf(policy);
    const authenticates = policy.rules.some(({ ingress = [], egress = [] }) =>
        [...ingress, ...egress].some(({ authentication }) => authentication !== undefined),
    );
    const trouble = authenticates ? INVALID : INVALID_OTHER;
    const what = `Cilium says: ${policy.invalid}`;
    return [found(trouble, where, what, { ...words, CILIUM: site.namespace })];
}

function onTrial(policy: SeenPolicy) {
    const { where, words } = wordsOf(policy);
    return found(ON_TRIAL, where, "is on trial", words);
}

function toPolicy(live: LivePolicy): SeenPolicy {
    const { name, namespace, annotations } = live.metadata;
    return {
        ...{ kind: shortKind(live.kind), name, namespace },
        ...{ rules: rulesOf(live), invalid: complaintAbout(live) },
        isOnTrial: annotations?.[BEFORE_TRIAL] !== undefined,
    };
}

export const policyChecks = [policies];
