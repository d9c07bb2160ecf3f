/** cilium-operator: whether it runs, and which identity it has. */
import { type Entry, owns, SERVER_PROGRAM } from "@cilium-spire/entries-provider";
import { CILIUM } from "../../components/names";
import type { Patient } from "../patient";
import { type Check, found, type Trouble } from "./check";

const DOWN: Trouble = {
    id: "operator-down",
    symptom:
        "New pods stay without an identity in SPIRE, and without an address where IPAM needs the operator.",
    why: "Nobody registers new identities; those that are registered go on.",
    cure: "see why: `kubectl -n NAMESPACE describe deployment/cilium-operator`; scaled to 0: `kubectl -n NAMESPACE scale deployment/cilium-operator --replicas=1`",
};
const UNREGISTERED: Trouble = {
    id: "operator-unregistered",
    symptom:
        "cilium-operator logs `PermissionDenied` or `failed to create X509 source`; SPIRE has no `/identity/` entries.",
    why: "Without an identity of its own the operator registers none of the pods'.",
    cure: "run `pulumi up`; without a stack: give it an entry with the selectors `k8s:ns:NAMESPACE` and `k8s:sa:cilium-operator`, and admin rights",
};
const RIVAL: Trouble = {
    id: "operator-rival",
    symptom: "cilium-operator logs `PermissionDenied`, sometimes, or since its last restart.",
    why: "Cilium uses whichever SVID comes first (operator/auth/spire/client.go), so it may use an identity without rights.",
    cure: "delete it, or narrow its selectors: `kubectl -n PLACE exec SERVER-0 -c CONTAINER -- PROGRAM entry delete -entryID ENTRY`",
};

const running: Check = {
    id: "operator",
    name: "cilium-operator",
    troubles: [DOWN],
    run: async (patient) => {
        const { namespace } = patient.site;
        const where = `Deployment ${namespace}/${CILIUM.operatorDeployment}`;
        const deployment = await patient.operator();
        const available = deployment?.status?.availableReplicas ?? 0;
        const seen = `${available} of ${deployment?.spec?.replicas ?? 1} pods available`;
        if (available > 0) return { seen, findings: [] };
        const what = deployment ? seen : "does not exist";
        return { seen, findings: [found(DOWN, where, what, { NAMESPACE: namespace })] };
    },
};

const identity: Check = {
    id: "operator-identity",
    name: "operator's identity",
    troubles: [UNREGISTERED, RIVAL],
    run: async (patient) => {
        const { namespace, mutualAuth } = patient.site;
        const where = `Deployment ${namespace}/${CILIUM.operatorDeployment}`;
        const { namespace: place, statefulSet, container } = patient.serverRef();
        const matching = (await patient.liveEntries()).filter((e) => matchesOperator(patient, e));
        const ours = matching.filter((entry) => isOurs(patient, entry));
        if (matching.length === 0 && mutualAuth) {
            const words = { NAMESPACE: namespace };
            const what = "no entry on the SPIRE server matches its pods";
            return { seen: "", findings: [found(UNREGISTERED, where, what, words)] };
        }
        // Rights go by the SPIFFE ID: another entry with that of a right one does no harm. Without a stack nobody's are
        // ours: of several, each is the others' rival.
        const right = patient.stack ? ours : matching.filter(({ admin }) => admin);
        const rivals = matching.filter(
            (entry) =>
                (patient.stack !== undefined || matching.length > 1) &&
                !right.some(({ spiffeId }) => spiffeId === entry.spiffeId),
        );
        const findings = rivals.map(({ id, spiffeId }) =>
            found(RIVAL, `entry ${id}`, `${id} (${spiffeId}) matches the operator's pods too`, {
                ...{ PLACE: place, SERVER: statefulSet, CONTAINER: container },
                ...{ PROGRAM: SERVER_PROGRAM, ENTRY: id },
            }),
        );
        return { seen: "one entry matches its pods", findings };
    },
};

/** True for an entry that SPIRE would give to the operator's pods. */
function matchesOperator({ site: { namespace } }: Patient, { selectors }: Entry): boolean {
    const known = [`k8s:ns:${namespace}`, `k8s:sa:${CILIUM.operatorServiceAccount}`];
    return selectors.length > 0 && selectors.every((selector) => known.includes(selector));
}

function isOurs({ stack }: Patient, entry: Entry): boolean {
    return stack !== undefined && owns(stack.entries.idPrefix, entry);
}

export const operatorChecks = [running, identity];
