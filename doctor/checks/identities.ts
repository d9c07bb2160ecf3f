/** Cilium's identities against the entries of SPIRE: each has one, and none is left of those that are gone. */
import { setTimeout } from "node:timers/promises";
import { type Entry, SERVER_PROGRAM } from "@cilium-spire/entries-provider";
import { ciliumIdentities, identityOf } from "../identities";
import { type Check, found, type Trouble } from "./check";

/** What the operator may take for an identity that a pod has just brought (its resource's first retries). */
const GRACE_MS = 4000;
/** Of how many a finding has the names. */
const NAMED = 20;

const MISSING: Trouble = {
    id: "identity-missing",
    symptom:
        "Pods of one kind are blocked, and Cilium's agents log `no SPIFFE ID for spiffe://.../identity/N`.",
    why: "Pods with that identity cannot authenticate; the operator retries ever more rarely, up to every 1000 s.",
    cure: "`kubectl -n NAMESPACE delete pod -l io.cilium/app=operator`, whose new pod registers all at once; when it stays so, see its log",
};
const STALE: Trouble = {
    id: "identity-stale",
    symptom:
        "SPIRE has more `/identity/` entries than there are CiliumIdentity objects; agents fetch SVIDs that nobody uses.",
    why: "Every agent keeps and renews an SVID for each, and a later identity of the same number would find it there.",
    cure: "`kubectl -n PLACE exec SERVER-0 -c CONTAINER -- PROGRAM entry delete -entryID ENTRY`, or for all: `spire-server entry delete -file -`",
    note: true,
};

const identities: Check = {
    id: "identities",
    name: "identities",
    troubles: [MISSING, STALE],
    run: async (patient) => {
        const { cluster, site } = patient;
        const { namespace, statefulSet, container } = patient.serverRef();
        // The operator registers none while authentication is off.
        if (!site.mutualAuth) return { seen: "not needed", findings: [] };
        const idOf = ({ spiffeId }: Entry) => identityOf(spiffeId, site.trustDomain);
        const look = async () => {
            // In this order: one that is just being made is registered a moment after it is there.
            const before = await ciliumIdentities(cluster);
            const entries = await patient.asked((server) => server.entries());
            const after = new Set(await ciliumIdentities(cluster));
            const registered = new Set(entries.map(idOf));
            const missing = before.filter((id) => after.has(id) && !registered.has(id));
            const stale = entries.filter((entry) => {
                const id = idOf(entry);
                return id !== undefined && !after.has(id) && !before.includes(id);
            });
            return { all: before, missing, stale };
        };
        let { all, missing, stale } = await look();
        if (missing.length > 0) {
            await setTimeout(GRACE_MS);
            const first = missing;
            ({ all, missing, stale } = await look());
            missing = missing.filter((id) => first.includes(id));
        }
        const findings = stale.slice(0, NAMED).map((entry: Entry) =>
            found(STALE, `entry ${entry.id}`, `${entry.spiffeId} has no CiliumIdentity`, {
                ...{ PLACE: namespace, SERVER: statefulSet, CONTAINER: container },
                ...{ PROGRAM: SERVER_PROGRAM, ENTRY: entry.id },
            }),
        );
        if (missing.length > 0) {
            const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
            const what = `cilium-operator has not registered ${missing.slice(0, NAMED).join(", ")}${more}`;
            const where = `CiliumIdentity ${missing[0]}`;
            findings.unshift(found(MISSING, where, what, { NAMESPACE: site.namespace }));
        }
        return { seen: `${all.length} registered`, findings };
    },
};

export const identityChecks = [identities];
