/** Who connects to the pods of a namespace, and who of them would be refused if they had to authenticate. */
import { NAMESPACE_LABEL } from "../../components/cilium/authPolicySpec";
import { neededFor } from "../checks/policyGuards";
import { type Identity, labelledIdentities } from "../identities";
import type { Patient } from "../patient";
import { knowledgeOf } from "./endpoints";
import { forecast, type Forecast } from "./forecast";
import { look } from "./look";
import { policiesFor, type ProposedPolicy } from "./policies";

export interface Observation {
    namespace: string;
    /** How long was looked. */
    seconds: number;
    /** Pods that were looked at. */
    pods: number;
    /** What is in it that identities themselves need: it must not require authentication at all. */
    never: string[];
    forecasts: Forecast[];
    /** By which they could be required to, and everybody else would stay away. */
    policies: ProposedPolicy[];
}

/**
 * Looks at the connections to a namespace for a while. Changes nothing.
 *
 * @param seconds how long; a connection that is open, or ended less than ten seconds ago, is seen also with 0.
 * @throws Error when the namespace has no pods that Cilium knows, or the SPIRE server cannot be asked.
 */
export async function observe(
    patient: Patient,
    { namespace, seconds }: { namespace: string; seconds: number },
): Promise<Observation> {
    // What would fail in the end, fails at once.
    await patient.spireServer();
    const isOurs = (pod: { namespace: string }) => pod.namespace === namespace;
    const { endpoints, connections, pods } = await look(patient, isOurs, seconds);
    if (pods === 0) {
        throw new Error(
            `namespace "${namespace}" has no pods that Cilium knows; pods on the node's network are not among them`,
        );
    }
    const identities = await labelledIdentities(patient.cluster);
    const knowledge = await knowledgeOf(patient, identities);
    const forecasts = forecast(connections, {
        ...{ ...knowledge, endpoints },
        demandOn: (_, server) => (isOurs(server) ? "authenticate" : undefined),
    });
    return {
        ...{ namespace, seconds, pods, forecasts },
        never: neverOf(patient, namespace, identities),
        policies: policiesFor(namespace, forecasts, knowledge.labelsOf),
    };
}

/** What must work before anything has an identity, and is in the namespace. */
function neverOf(patient: Patient, namespace: string, identities: Identity[]): string[] {
    const { server, agents, namespace: ofCilium } = patient.site;
    const needed = identities
        .filter(({ labels }) => labels[NAMESPACE_LABEL] === namespace)
        .flatMap(({ labels }) => neededFor(patient, labels) ?? []);
    return [
        ...new Set([
            ...(namespace === ofCilium ? ["Cilium"] : []),
            ...([server?.namespace, agents?.namespace].includes(namespace) ? ["SPIRE"] : []),
            ...needed,
        ]),
    ];
}
