/** The SPIRE server: its pods, whether it answers, and its CA. */
import { X509Certificate } from "node:crypto";
import { isReady, messageOf, podState } from "@cilium-spire/entries-provider";
import { BUNDLE_CONFIG_MAP } from "../../components/names";
import { LeftOut } from "../leftOut";
import { type Check, type Finding, found, type Trouble } from "./check";
import { lastWords } from "./podLog";

const GONE: Trouble = {
    id: "server-gone",
    symptom:
        "SPIRE's agents and cilium-operator log that the server does not answer; nothing renews.",
    why: "Nobody gets or renews an identity; those that exist work until they expire.",
    cure: "run `pulumi up --refresh`, or have it brought back by whoever runs it",
};
const SCALED: Trouble = {
    id: "server-scaled-down",
    symptom: "The SPIRE server has no pods, and no event says why.",
    why: "Nobody gets or renews an identity; those that exist work until they expire.",
    cure: "`kubectl -n NAMESPACE scale statefulset/NAME --replicas=1`, or as many as `spire.server.replicas` says",
};
const DOWN: Trouble = {
    id: "server-down",
    symptom:
        "The pod of the SPIRE server is Pending, crashes or is not Ready (no volume, a database that does not answer, a wrong configuration).",
    why: "Nobody gets or renews an identity; those that exist work until they expire.",
    cure: "correct what the finding says; more: `kubectl -n NAMESPACE describe pod POD` and `kubectl -n NAMESPACE logs POD --previous`; where its StatefulSet was changed last: `kubectl -n NAMESPACE rollout undo statefulset/NAME`, then `kubectl -n NAMESPACE delete pod POD`, which a StatefulSet does not replace by itself",
};
const REPLICA_DOWN: Trouble = {
    id: "server-replica-down",
    symptom: "Some replicas of the SPIRE server are not Ready.",
    why: "The others do the work; nothing is left when they fail too.",
    cure: "`kubectl -n NAMESPACE describe pod POD`",
    note: true,
};
const MUTE: Trouble = {
    id: "server-mute",
    symptom:
        "The SPIRE server is Ready, but `spire-server entry show` fails, in most cases for its database.",
    why: "Nothing can be registered, and agents get no changes.",
    cure: "see what its database says: `kubectl -n NAMESPACE logs POD`",
};
const DENIED: Trouble = {
    id: "server-exec-denied",
    symptom: "The doctor, a preview or an `up` says `403` for pods/exec.",
    why: "Entries, agents and the CA are seen by a command in the server's pod alone.",
    cure: "give the user the rights of rbac/exec.yaml, which are those of SPIRE's admin",
};
const CA_EXPIRING: Trouble = {
    id: "ca-expiring",
    symptom:
        "SVIDs are refused as expired everywhere at once, or `SPIRETrustBundleExpiringSoon` fires.",
    why: "When the last CA has expired, no SVID is believed, and every pair that must authenticate is blocked.",
    cure: "an UpstreamAuthority's root: renew it there and restart the server; the server's own CA: see why it does not rotate in `kubectl -n NAMESPACE logs SERVER-0 -c CONTAINER`, then `kubectl -n NAMESPACE rollout restart statefulset/SERVER`",
};
const BUNDLE_OLD: Trouble = {
    id: "bundle-outdated",
    symptom: "New SPIRE agents log `certificate signed by unknown authority`, old ones work.",
    why: "An agent that starts believes only what this ConfigMap has, and would refuse the server.",
    cure: "`kubectl -n NAMESPACE rollout restart statefulset/SERVER`, which publishes the bundle anew; when it stays so, the server may not write the ConfigMap: run `pulumi up --refresh`",
};

const pods: Check = {
    id: "spire-server",
    name: "SPIRE server",
    troubles: [GONE, SCALED, DOWN, REPLICA_DOWN, MUTE, DENIED],
    run: async (patient) => {
        const { namespace, statefulSet, container } = patient.serverRef();
        const where = `StatefulSet ${namespace}/${statefulSet}`;
        const only = (finding: Finding) => ({ seen: "", findings: [finding] });
        const set = await patient.serverSet();
        if (!set) return only(found(GONE, where, "does not exist"));
        if (set.spec?.replicas === 0) {
            const words = { NAMESPACE: namespace, NAME: statefulSet };
            return only(found(SCALED, where, "is scaled to 0 replicas", words));
        }
        const all = await patient.serverPods();
        const bad = all.filter((pod) => !isReady(pod));
        if (bad.length === all.length) {
            const [pod] = bad;
            const name = pod?.metadata?.name ?? `${statefulSet}-0`;
            const words = pod && (await lastWords(patient.cluster, pod, container));
            const state = bad.map(podState).join("; ") || "has no pods";
            const what = words === undefined ? state : `${state}; its last words: ${words}`;
            const filled = { NAMESPACE: namespace, POD: name, NAME: statefulSet };
            return only(found(DOWN, where, what, filled));
        }
        const findings = bad.map((pod) => {
            const words = { NAMESPACE: namespace, POD: pod.metadata!.name! };
            return found(REPLICA_DOWN, `Pod ${namespace}/${words.POD}`, podState(pod), words);
        });
        try {
            const { length } = await (await patient.spireServer()).agents();
            const seen = `${all.length - bad.length} of ${all.length} pods Ready, ${length} agents on record`;
            return { seen, findings };
        } catch (error) {
            const what = messageOf(error);
            const denied = /: 403; give the user/.test(what);
            const words = { NAMESPACE: namespace, POD: `${statefulSet}-0` };
            findings.push(found(denied ? DENIED : MUTE, where, what, words));
            return { seen: "", findings };
        }
    },
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** What a CA that rotates has left at least, as `SPIRETrustBundleExpiringSoon` has it (spire pkg/server/ca/manager/slot.go). */
function leastLeftMs({ validFrom, validTo }: X509Certificate): number {
    const life = Date.parse(validTo) - Date.parse(validFrom);
    return 0.8 * Math.min(life / 6, 7 * DAY_MS);
}

/** The certificates of a bundle in PEM. */
export function certificatesOf(pem: string): X509Certificate[] {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
}

const ca: Check = {
    id: "ca",
    name: "SPIRE's CA",
    troubles: [CA_EXPIRING, BUNDLE_OLD],
    run: async (patient) => {
        const { namespace, statefulSet, container } = patient.serverRef();
        const where = `StatefulSet ${namespace}/${statefulSet}`;
        const known = certificatesOf(await patient.bundle());
        // Of several, the one that lives longest is what is being signed with; older ones are kept until they expire.
        const [newest] = known.sort((a, b) => Date.parse(b.validTo) - Date.parse(a.validTo));
        if (!newest) throw new LeftOut("the server showed no certificate in its bundle");
        const leftMs = Date.parse(newest.validTo) - Date.now();
        const findings: Finding[] = [];
        const words = { NAMESPACE: namespace, SERVER: statefulSet, CONTAINER: container };
        if (leftMs < leastLeftMs(newest)) {
            const verb = leftMs < 0 ? "expired" : "expires";
            const what = `the last CA of its bundle ${verb} on ${newest.validTo}`;
            findings.push(found(CA_EXPIRING, where, what, words));
        }
        const agents = patient.site.agents?.namespace;
        const map = agents && (await patient.configMap(agents, BUNDLE_CONFIG_MAP));
        const published = map && map["bundle.crt"];
        // A publisher of another kind leaves no such key.
        if (published) {
            const prints = new Set(certificatesOf(published).map((c) => c.fingerprint256));
            const missing = known.filter((c) => !prints.has(c.fingerprint256));
            if (missing.length === known.length) {
                const place = `ConfigMap ${agents}/${BUNDLE_CONFIG_MAP}`;
                const what = `has none of the ${known.length} CAs that the server signs with`;
                findings.push(found(BUNDLE_OLD, place, what, words));
            }
        }
        const days = (leftMs / DAY_MS).toFixed(1);
        return {
            seen: `${known.length} in the bundle, the last expires in ${days} days`,
            findings,
        };
    },
};

export const serverChecks = [pods, ca];
