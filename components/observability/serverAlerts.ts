/** Alerts of the SPIRE server. */
import {
    type Alert,
    any,
    born,
    DAY,
    gauge,
    increase,
    lasting,
    MINUTE,
    severalScrapes,
} from "./alert";
import { METRICS } from "./metrics";

/** Of what is asked for by agents, on whose answers identities wait. */
const LATENCIES = [
    METRICS.attestAgent,
    METRICS.batchNewX509Svid,
    METRICS.getAuthorizedEntries,
    METRICS.syncAuthorizedEntries,
];
const SLOW_MS = 500;
/** SPIRE begins with the next CA when the current one has so much left (pkg/server/ca/manager, keyActivationThreshold). */
const CA_LEFT = { share: 6, cap: 7 * DAY };
/** Below what a healthy CA has left at least: a fifth of that time to see the alert before it would matter. */
const CA_LATE = 0.8;

export const serverAlerts: Alert[] = [
    {
        name: "SPIREServerDown",
        severity: "critical",
        summary: "No SPIRE server can be scraped",
        description:
            "No node, no operator and no workload gets or renews an identity. SVIDs that exist work until they expire.",
        condition: "No server has answered a scrape.",
        rule: ({ server }) => ({
            expr: `absent(${METRICS.serverUptime}{${server}})`,
            forSeconds: 5 * MINUTE,
        }),
        steps: [
            "See how its pods are: `kubectl -n NAMESPACE get pods,pvc -l app.kubernetes.io/name=spire-server`.",
            "Read why it stopped: `kubectl -n NAMESPACE logs spire-server-0 --previous`. A database that does not answer, a volume that is not there and a configuration of another release are the usual reasons.",
            "When the pods are Ready, it is the scraping: see whether the monitor's labels are those that the operator selects, and whether a NetworkPolicy is in the way.",
        ],
    },
    {
        name: "SPIREServerReplicaDown",
        severity: "warning",
        summary: "Fewer SPIRE servers than wanted answer",
        description: "The others do the work. Nothing is left when they fail too.",
        condition: "Fewer servers than `spire.server.replicas` have answered a scrape.",
        when: "with more than one replica",
        rule: ({ server, replicas }) =>
            replicas > 1
                ? {
                      expr: `count(${METRICS.serverUptime}{${server}}) < ${replicas}`,
                      forSeconds: 15 * MINUTE,
                  }
                : undefined,
        steps: [
            "Find the one that is missing: `kubectl -n NAMESPACE get pods -o wide -l app.kubernetes.io/name=spire-server`.",
            "`kubectl describe` it when it is Pending: `topologySpread`, `affinity` or the volume's zone leave it no node. Read its log when it crashes.",
        ],
    },
    {
        name: "SPIRERegistrationErrors",
        severity: "warning",
        summary: "{{ $labels.pod }} could not write registration entries",
        description:
            "Identities of new pods may be missing: cilium-operator does not look at the answer for each entry, and does not try again.",
        condition:
            "Entries could not be created, changed or deleted, for another reason than that they exist already, or no longer.",
        rule: ({ server }) => {
            const failed = `${server},status!~"OK|AlreadyExists|NotFound"`;
            const window = 15 * MINUTE;
            const writes = [METRICS.entryCreate, METRICS.entryUpdate, METRICS.entryDelete];
            return {
                // The first failure gives the series its first value, which is no increase.
                expr: any(
                    writes.flatMap((metric) => [
                        `${increase(metric, failed, window)} > 0`,
                        born(metric, failed, window),
                    ]),
                ),
                forSeconds: 5 * MINUTE,
            };
        },
        steps: [
            "Read what the server says of it: `kubectl -n NAMESPACE logs POD | grep -i entry`.",
            "When it is the database, see [SPIREDatastoreErrors](#spiredatastoreerrors).",
            "Afterwards delete cilium-operator's pods, which registers every identity anew, and let `npx cilium-spire doctor STACK` count.",
        ],
    },
    {
        name: "SPIREDatastoreErrors",
        severity: "critical",
        summary: "{{ $labels.pod }} cannot read its database",
        description:
            "The server answers from what it has in memory, then not at all: agents cannot attest, and new identities do not come. All servers are equal (there is no leader), so each that is named here has the trouble by itself.",
        condition: "Entries, nodes or bundles could not be read.",
        rule: ({ server, interval }) => {
            const window = severalScrapes(interval);
            const reads = [METRICS.entryList, METRICS.nodeFetch, METRICS.bundleFetch];
            const failed = `${server},status!~"OK|NotFound"`;
            return {
                expr: any(reads.map((metric) => `${increase(metric, failed, window)} > 0`)),
                forSeconds: lasting(window),
            };
        },
        steps: [
            "Read the reason: `kubectl -n NAMESPACE logs POD | grep -i datastore`.",
            "With PostgreSQL: whether it runs, whether the server reaches it, whether its connections are used up, whether password and certificate are those of `spire.server.datastore`.",
            "With sqlite: whether the volume is full or read-only.",
        ],
    },
    {
        name: "SPIRETrustBundleExpiringSoon",
        severity: "critical",
        summary:
            "The X.509 CA of {{ $labels.pod }} expires in {{ $value | humanizeDuration }}, and no next one signs",
        description:
            "A server replaces its CA when a sixth of its life is left, and at most seven days. This one did not. With the CA all SVIDs that it signed expire, and authentication stops.",
        condition:
            "The CA that signs has less left than four fifths of what a healthy one has at least: a sixth of `spire.server.caTtl`, and at most seven days.",
        when: "since SPIRE 1.13.3, which tells when the CA expires; before it, SPIRERotationFailure alone sees a CA that cannot be renewed",
        rule: ({ server, caTtl, upstreamAuthority, caExpirationMetric }) => {
            if (!caExpirationMetric) return undefined;
            const left = `min by (pod, node) (${METRICS.caExpiration}{${server}}) - time()`;
            const least = Math.min(caTtl / CA_LEFT.share, CA_LEFT.cap);
            const late = Math.floor(CA_LATE * least);
            const granted = `clamp_max(${gauge(METRICS.caTtl, server)} / ${CA_LEFT.share}, ${CA_LEFT.cap})`;
            return {
                expr: `${left} < ${upstreamAuthority ? `${CA_LATE} * ${granted}` : late}`,
                forSeconds: Math.min(5 * MINUTE, Math.floor(late / 4)),
            };
        },
        steps: [
            "See [SPIRERotationFailure](#spirerotationfailure), which says why the next CA is not made.",
            "With an `upstreamAuthority`: whether it answers, and whether its own certificate lives longer than the server's CA.",
            "Replace the CA by hand, with SPIRE 1.11 or newer: `kubectl -n NAMESPACE exec spire-server-0 -- /opt/spire/bin/spire-server localauthority x509 prepare`, then `... activate -authorityID ID`.",
        ],
    },
    {
        name: "SPIREAPILatencyHigh",
        severity: "warning",
        summary: "{{ $labels.pod }} answers agents slowly: {{ $value }} ms",
        description:
            "Identities of new pods come late, and agents may give up. SPIRE tells the 99th percentile; it has no 95th.",
        condition: `The slowest hundredth of the answers to agents takes more than ${SLOW_MS} ms.`,
        rule: ({ server }) => {
            const labels = `${server},quantile="0.99",status="OK"`;
            return {
                expr: any(
                    LATENCIES.map(
                        (metric) =>
                            `max by (pod, node) (max_over_time(${metric}_elapsed_time{${labels}}[${5 * MINUTE}s])) > ${SLOW_MS}`,
                    ),
                ),
                forSeconds: 10 * MINUTE,
            };
        },
        steps: [
            "Look at CPU and memory of the server, and whether it is throttled: raise `spire.server.resources`.",
            "Look at the database's latency; with PostgreSQL, at its connections.",
            "With many agents: more replicas, or a longer `spire.server.x509SvidTtl`, which asks for fewer signatures.",
        ],
    },
];
