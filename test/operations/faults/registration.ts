/** Faults of registration entries, and of the operator that writes most of them. */
import { setTimeout } from "node:timers/promises";
import { type Entry, owns, poll } from "@cilium-spire/entries-provider";
import { kubectl, PREFIX, spireServer, type World } from "../../support/world";
import { type Fault, LOGS } from "./fault";

/** An operator that has just become the leader registers all identities again. */
const SETTLED_MS = 5_000;
const TRUST_DOMAIN = "spiffe://demo.local";

/** One that has just started writes nothing until the lease of the one before it has ended, and then everything. */
async function operatorLeads(): Promise<void> {
    await poll(60_000, "a cilium-operator that runs to be the leader", async () => {
        const [started, acquired] = await Promise.all([
            kubectl(
                "-n kube-system get pods -l name=cilium-operator --sort-by=.status.startTime -o jsonpath={.items[0].status.startTime}",
            ),
            kubectl(
                "-n kube-system get lease cilium-operator-resource-lock -o jsonpath={.spec.acquireTime}",
            ),
        ]);
        if (started && Date.parse(acquired) >= Date.parse(started)) return { done: true };
        return { waitingFor: `started ${started}, leader since ${acquired}` };
    });
}

export function entryFaults(world: () => World): Fault[] {
    const server = () => spireServer(world());
    const ours = async (role: string): Promise<Entry> =>
        (await (await server()).entries()).find((e) => owns(PREFIX, e) && e.id.endsWith(role))!;
    const remove = async (role: string) => (await server()).delete([(await ours(role)).id]);
    return [
        {
            name: "an entry was changed",
            make: async () => {
                const entry = await ours(".parent-link");
                return (await server()).update([{ ...entry, dnsNames: ["intruder.local"] }]);
            },
            ...{ check: "entries", trouble: "entry-changed", says: /\.parent-link was changed$/ },
            where: /^entry /,
            withNext: true,
        },
        {
            name: "an entry was added under the stack's prefix",
            make: async () =>
                (await server()).create([
                    {
                        id: `${PREFIX}.0000.parent-link`,
                        spiffeId: `${TRUST_DOMAIN}/left-over`,
                        parentId: `${TRUST_DOMAIN}/cilium-operator`,
                        selectors: ["unix:uid:4711"],
                    },
                ]),
            ...{
                check: "entries",
                trouble: "entry-left-over",
                says: /\.0000\.parent-link is left/,
            },
            where: /^entry /,
            withNext: true,
        },
        {
            name: "an entry of a node was deleted",
            make: () => remove(".parent-link"),
            ...{ check: "entries", trouble: "entry-missing", says: /\.parent-link is missing$/ },
            where: /^entry cilium-spire\.dev\.cilium\./,
            implied: ["delegate-unreached", ...LOGS.delegate],
        },
        {
            name: "the delegate's entry was deleted",
            make: () => remove(".cluster.cilium-agent"),
            ...{ check: "delegates", trouble: "delegate-unreached" },
            says: /gets no entry for Cilium's agent \(such as spiffe:\/\/demo\.local\/cilium-agent\)$/,
            where: /^Node precinct-99-/,
            implied: ["entry-missing", ...LOGS.delegate],
            withNext: true,
        },
        {
            name: "the operator's entry was deleted",
            make: () => remove(".cluster.cilium-operator"),
            ...{ check: "operator-identity", trouble: "operator-unregistered" },
            ...{ says: /no entry on the SPIRE server matches/, where: /cilium-operator$/ },
            implied: ["entry-missing", ...LOGS.server],
        },
        {
            name: "an identity's entry was deleted",
            make: async () => {
                const all = await (await server()).entries();
                const { spiffeId } = all.find((e) => e.spiffeId.includes("/identity/"))!;
                await operatorLeads();
                await poll(
                    60_000,
                    "end of what the operator writes when it has started",
                    async () => {
                        const entries = await (await server()).entries();
                        const again = entries.filter((entry) => entry.spiffeId === spiffeId);
                        if (again.length === 0) return { done: true };
                        await (await server()).delete(again.map(({ id }) => id));
                        await setTimeout(SETTLED_MS);
                        return { waitingFor: `${spiffeId} was there again` };
                    },
                );
            },
            ...{ check: "identities", trouble: "identity-missing", says: /not registered \d+$/ },
            where: /^CiliumIdentity \d+$/,
            passing: true,
            implied: [...LOGS.delegate, ...LOGS.server, "operator-down"],
        },
        {
            name: "an identity's entry was left behind",
            make: async () =>
                (await server()).create([
                    {
                        id: "left-behind",
                        spiffeId: `${TRUST_DOMAIN}/identity/999999`,
                        parentId: `${TRUST_DOMAIN}/cilium-operator`,
                        selectors: ["cilium:mutual-auth"],
                    },
                ]),
            ...{ check: "identities", trouble: "identity-stale", where: /^entry left-behind$/ },
            says: /\/identity\/999999 has no CiliumIdentity/,
        },
    ];
}

export function operatorFaults(world: () => World): Fault[] {
    return [
        {
            name: "somebody else's entry matches the operator",
            make: async () =>
                (await spireServer(world())).create([
                    {
                        id: "rival",
                        spiffeId: `${TRUST_DOMAIN}/ns/kube-system/rival`,
                        parentId: `${TRUST_DOMAIN}/cilium-operator`,
                        selectors: ["k8s:ns:kube-system", "k8s:sa:cilium-operator"],
                    },
                ]),
            ...{ check: "operator-identity", trouble: "operator-rival", where: /^entry rival$/ },
            says: /^rival \(.*\) matches the operator's pods too$/,
            implied: LOGS.server,
        },
        {
            name: "cilium-operator is scaled to 0",
            make: () => kubectl("-n kube-system scale deployment/cilium-operator --replicas=0"),
            ...{ check: "operator", trouble: "operator-down", says: /^0 of 0 pods available$/ },
            where: /^Deployment kube-system\/cilium-operator$/,
            implied: LOGS.server,
        },
    ];
}
