/** What speaks against policies before they are tried. */
import type { Cluster } from "@cilium-spire/entries-provider";
import { NAMESPACE_LABEL } from "../components/cilium/authPolicySpec";
import { CILIUM } from "../components/names";
import { guard, type Policy, selectsPods } from "../doctor/checks/policyGuards";
import { allPolicies, rulesOf } from "../doctor/checks/policyObjects";
import { selects } from "../doctor/checks/selector";
import { labelledIdentities } from "../doctor/identities";
import type { Patient } from "../doctor/patient";
import { demandOf } from "../doctor/traffic/demand";
import { type Endpoint, knowledgeOf } from "../doctor/traffic/endpoints";
import { forecast, type Forecast } from "../doctor/traffic/forecast";
import type { Sight } from "../doctor/traffic/look";
import { networkPolicies } from "./policyApi";
import type { Proposal } from "./proposal";
import { rehearse } from "./trialObject";

/** Since Cilium 1.16; those before always do. */
const DROPS_TOLD = "bpf-events-drop-enabled";

/** Whether a policy is for a pod. */
export function isFor(policy: Policy, { labels }: Endpoint): boolean {
    return policy.rules.some((rule) => selectsPods(policy, rule, labels));
}

/**
 * Everything that can be known before anybody's packets are touched; changes nothing.
 *
 * @throws Error with what speaks against a policy: authentication is off, drops are not told, the pods it selects must never wait for an
 * identity, some of its peers can never have one, or the API server refuses it.
 */
export async function examineProposals(
    patient: Patient,
    proposals: readonly Proposal[],
): Promise<void> {
    if (!patient.site.mutualAuth) {
        throw new Error(
            "the stack has mutualAuth: false: Cilium would refuse or ignore what these policies require",
        );
    }
    const config = await patient.ciliumConfig();
    if (config?.[DROPS_TOLD] === "false") {
        throw new Error(
            `Cilium's agents tell of no dropped packets (${DROPS_TOLD} in ConfigMap ${CILIUM.configMap}), so nobody's refusal would be seen; set bpf.events.drop.enabled=true in the release of Cilium`,
        );
    }
    await patient.spireServer();
    const identities = await labelledIdentities(patient.cluster);
    for (const proposal of proposals) {
        const [finding] = guard(patient, proposal, identities).filter(({ note }) => !note);
        if (finding) {
            throw new Error(`${finding.where} ${finding.what}, and must not. ${finding.why}`);
        }
        await rehearse(patient.cluster, proposal);
    }
}

/** What would become of the connections that were seen, if all the policies were in force. */
export async function forecastOf(
    patient: Patient,
    proposals: readonly Proposal[],
    { connections, endpoints }: Sight,
): Promise<Forecast[]> {
    const knowledge = await knowledgeOf(patient, await labelledIdentities(patient.cluster));
    const others = await otherPolicies(patient.cluster, proposals);
    return forecast(connections, {
        ...knowledge,
        endpoints,
        demandOn: (connection, server) => {
            const demand = demandOf(proposals, {
                connection,
                clientLabels: knowledge.labelsOf(connection.identity),
                serverLabels: server.labels,
                namedPorts: server.namedPorts,
            });
            if (demand !== "unnamed") return demand;
            return others.some((isOn) => isOn(server)) ? "as before" : "unnamed";
        },
    });
}

/** Policies of all kinds that stay as they are, each by whether it says who may connect to a pod. */
async function otherPolicies(
    cluster: Cluster,
    proposals: readonly Proposal[],
): Promise<((pod: Endpoint) => boolean)[]> {
    const isReplaced = ({ kind, metadata: { name, namespace } }: Proposal["object"]) =>
        proposals.some(
            ({ object }) =>
                object.kind === kind &&
                object.metadata.name === name &&
                object.metadata.namespace === namespace,
        );
    const ciliums = (await allPolicies(cluster)).filter((policy) => !isReplaced(policy));
    const plain = await networkPolicies(cluster);
    return [
        ...ciliums.map((policy) => {
            const { namespace } = policy.metadata;
            const rules = rulesOf(policy).filter(({ ingress = [] }) => ingress[0]);
            return ({ labels }: Endpoint) =>
                rules.some((rule) => selectsPods({ namespace }, rule, labels));
        }),
        ...plain.map(
            ({ namespace, podSelector }) =>
                ({ labels }: Endpoint) =>
                    labels[NAMESPACE_LABEL] === namespace && selects(podSelector, labels),
        ),
    ];
}
