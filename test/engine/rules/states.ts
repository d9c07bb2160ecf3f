/** Healthy clusters as their metrics show them. */
import { AUTH_DROP, METRICS } from "../../../components/observability/metrics";
import { SAMPLE, type Series, START } from "../../support/vmalert";

/** How long a state is looked at. */
export const MINUTES = 90;
const SAMPLES = (MINUTES * 60) / SAMPLE;
/** When a fault begins. */
export const FAULT_AT = 10;

export const PER_MINUTE = 60 / SAMPLE;

/** A value, or a counter's growth with each sample, for so many minutes; by default to the end. */
export const flat = (value: number, minutes = MINUTES) => `${value}x${minutes * PER_MINUTE}`;
export const grows = (start: number, step: number, minutes = MINUTES) =>
    `${start}+${step}x${minutes * PER_MINUTE}`;
/** No samples. */
export const gone = (minutes = MINUTES) => `_x${minutes * PER_MINUTE}`;

function of(metric: string, labels: string) {
    return (more = "") => `${metric}{${labels}${more && `,${more}`}}`;
}

export const server = (metric: string, more = "", replica = 0) =>
    of(
        metric,
        `job="spire-server",namespace="spire-system",pod="spire-server-${replica}",node="n${replica}"`,
    )(more);
export const agent = (metric: string, more = "", node = "a") =>
    of(
        metric,
        `job="spire-agent",namespace="spire-system",pod="agent-${node}",node="${node}"`,
    )(more);
export const cilium = (metric: string, more = "") =>
    of(metric, 'namespace="kube-system",pod="cilium-a",node="a"')(more);

export const P99 = 'quantile="0.99",status="OK"';
export const status = (name: string) => `status="${name}"`;

/** Nothing happens but what has to: entries come and go, SVIDs are renewed, first packets wait. */
export function steady(replicas = 1): Series {
    const servers = Array.from({ length: replicas }, (_, i) => ({
        [server(METRICS.serverUptime, "", i)]: grows(1e6, SAMPLE * 1000),
        [server(METRICS.caExpiration, "", i)]: flat(START + 86_400),
        [server(METRICS.caTtl, "", i)]: flat(57_600),
        [server(METRICS.caPrepare, status("OK"), i)]: flat(2),
        [server(METRICS.serverSvidRotate, status("OK"), i)]: flat(3),
        [server(METRICS.entryCreate, status("OK"), i)]: grows(50, 1),
        [server(METRICS.entryCreate, status("AlreadyExists"), i)]: grows(3, 1),
        [server(METRICS.entryUpdate, status("NotFound"), i)]: grows(7, 1),
        [server(METRICS.entryDelete, status("OK"), i)]: grows(20, 1),
        [server(METRICS.entryList, status("OK"), i)]: grows(100, 6),
        [server(METRICS.nodeFetch, status("OK"), i)]: grows(100, 4),
        [server(METRICS.bundleFetch, status("OK"), i)]: grows(100, 4),
        [server(METRICS.listEntries, status("OK"), i)]: grows(9, 1),
        [server(`${METRICS.attestAgent}_elapsed_time`, P99, i)]: flat(90),
        [server(`${METRICS.syncAuthorizedEntries}_elapsed_time`, P99, i)]: flat(12),
        [server(`${METRICS.batchNewX509Svid}_elapsed_time`, P99, i)]: flat(40),
        [server(METRICS.memory, "", i)]: flat(1.2e8),
    }));
    const agents = ["a", "b"].map((node) => ({
        [agent(METRICS.up, "", node)]: flat(1),
        [agent(METRICS.agentUptime, "", node)]: grows(1e6, SAMPLE * 1000),
        [agent(METRICS.nodeAttest, status("OK"), node)]: grows(1, 0.02),
        [agent(METRICS.fetchEntries, status("OK"), node)]: grows(40, 6),
        [agent(METRICS.fetchSvids, status("OK"), node)]: grows(4, 0.02),
        [agent(METRICS.agentEntries, "", node)]: flat(40),
        [agent(METRICS.delegateSubscribe, status("Canceled"), node)]: flat(1),
        [agent(METRICS.delegateConnections, "", node)]: flat(2),
        [agent(METRICS.memory, "", node)]: flat(6e7),
    }));
    return Object.assign(
        {
            [cilium(METRICS.identities, status("alive"))]: flat(37),
            [cilium(METRICS.drops, `${AUTH_DROP},direction="INGRESS"`)]: grows(5, 0.2),
        },
        ...servers,
        ...agents,
    ) as Series;
}

/**
 * A server was away for three minutes, and everybody noticed: what they do is to fail, to try again, and to go on. Nobody
 * scrapes Cilium. The CA was replaced when a sixth of its life was left.
 */
export function recovered(replicas = 1): Series {
    const away = (before: string, after: string) =>
        `${before} ${gone(3)} ${after.replace(/x.*/, "")}x${SAMPLES}`;
    const failures = (count: number) => `${flat(0, FAULT_AT)} ${grows(1, 1, 3)} ${flat(count)}`;
    const rest = Object.entries(steady(replicas)).filter(
        ([series]) => !series.includes("cilium-a"),
    );
    const caLeft = (24 * 3600) / 6;
    return {
        ...Object.fromEntries(rest),
        [server(METRICS.serverUptime)]: away(grows(1e6, 3e4, FAULT_AT), grows(1000, 3e4)),
        [server(METRICS.caExpiration)]:
            `${flat(START + 30 * 60 + caLeft, 30)} ${flat(START + 86_400)}`,
        [server(METRICS.caTtl)]: flat(57_600),
        [server(METRICS.entryList, status("Internal"))]: failures(7),
        [server(METRICS.caPrepare, status("Unavailable"))]: failures(7),
        [server(METRICS.caPrepare, status("OK"))]:
            `${flat(2, FAULT_AT + 3)} ${grows(3, 1, 3)} ${flat(9)}`,
        [server(METRICS.listEntries, status("PermissionDenied"))]: failures(7),
        [server(`${METRICS.attestAgent}_elapsed_time`, P99)]:
            `${gone(FAULT_AT)} ${flat(2500, 2)} ${gone(5)} ${flat(80)}`,
        [agent(METRICS.nodeAttest, status("Unavailable"))]: failures(7),
        [agent(METRICS.nodeAttest, status("OK"))]:
            `${flat(1, FAULT_AT + 3)} ${grows(2, 1, 3)} ${flat(8)}`,
        [agent(METRICS.fetchEntries, status("Unavailable"))]: failures(7),
        [agent(METRICS.fetchEntries, status("OK"))]:
            `${grows(40, 6, FAULT_AT)} ${flat(160, 4)} ${grows(166, 6)}`,
        [agent(METRICS.delegateSubscribe, status("PermissionDenied"))]: failures(7),
        [agent(METRICS.delegateConnections)]: `${flat(2, FAULT_AT)} ${flat(0, 5)} ${flat(2)}`,
        [agent(METRICS.memory)]: `${flat(6e7, FAULT_AT)} ${flat(2.5e8, 5)} ${flat(6e7)}`,
    };
}
