/** Rules between the settings of Cilium, and with those of SPIRE. Each line names the key to change. */
import { gte } from "semver";
import { TAKEN_PORTS } from "../ports";
import { nodeSelectorProblems } from "./operatorNodes";
import { missingCertificates, valueAt, valueConflicts } from "./values";
import { ciliumVersionWarnings, unsupportedCilium } from "../../versions/cilium";
import type { Settings } from "../schema";
import type { AgentSettings } from "../spire";
import type { InstallSettings } from ".";

type Problems = Generator<string>;

/** What cannot work, as `key: problem; remedy`. */
export function* ciliumProblems(settings: Settings): Problems {
    const { cilium, spire, registration, prove, mutualAuth } = settings;
    if (prove && !mutualAuth) {
        yield "prove = true: nothing authenticates with mutualAuth = false; set one of them to the other";
    }
    const { port } = cilium.authentication.mutual;
    const unsupported = unsupportedCilium(cilium.version);
    if (unsupported) yield `cilium.version: ${unsupported}`;
    const at = `cilium.authentication.mutual.port = ${port}`;
    const owner = port === 4250 ? undefined : TAKEN_PORTS[port];
    if (owner) yield `${at}: is the port of ${owner} on the same hosts; use another`;
    const agent = spire.mode === "install" ? spire.agent : undefined;
    for (const key of ["healthPort", "metricsPort"] as const) {
        if (!agent?.hostNetwork || port !== agent[key]) continue;
        yield `${at}: is spire.agent.${key} on the same hosts; use another`;
    }
    if (cilium.mode !== "install") return;
    yield* installProblems(cilium);
    yield* nodeSelectorProblems(cilium.values, registration.operatorNodeLabels);
    yield* portProblems(cilium, agent);
}

/** Values of the chart that are ports of the node, with Hubble's only where it runs. */
const HOST_PORTS = [
    ...["healthPort", "prometheus.port", "operator.prometheus.port", "gops.port", "pprof.port"],
    ...["envoy.healthPort", "envoy.prometheus.port", "envoy.debug.admin.port"],
    ...["hubble.metrics.port", "hubble.peerService.targetPort"],
];

/** A port that the user's values give to Cilium, and the settings to something else on the same hosts. */
function* portProblems(
    { authentication, values }: InstallSettings,
    agent: AgentSettings | undefined,
): Problems {
    const ours: Record<number, string> = {
        ...(agent?.hostNetwork && {
            [agent.healthPort]: "spire.agent.healthPort",
            [agent.metricsPort]: "spire.agent.metricsPort",
        }),
        [authentication.mutual.port]: "cilium.authentication.mutual.port",
    };
    for (const path of HOST_PORTS) {
        const port = valueAt(values, path);
        const owner = typeof port === "number" ? ours[port] : undefined;
        if (owner === undefined) continue;
        yield `cilium.values.${path} = ${String(port)}: is ${owner} on the same hosts; use another`;
    }
}

function* installProblems(cilium: InstallSettings): Problems {
    const { hubble, k8sServiceHost: host, k8sServicePort: port } = cilium;
    if (hubble.enabled && !hubble.tls) {
        yield "cilium.hubble.tls: is missing, and Hubble listens on the network; set its method to certmanager or provided";
    }
    for (const path of missingCertificates(cilium)) {
        yield `cilium.values.${path}: has no certificate, which you provide with hubble.tls.method = "provided"; set its existingSecret to the name of its Secret`;
    }
    if (host !== undefined && port === undefined && host !== "auto") {
        yield `cilium.k8sServiceHost = "${host}": needs a port; set cilium.k8sServicePort too`;
    }
    if (host === undefined && port !== undefined) {
        yield `cilium.k8sServicePort = ${port}: needs a host; set cilium.k8sServiceHost too`;
    }
    for (const { path, remedy } of valueConflicts(cilium)) {
        yield `cilium.values.${path}: ${remedy}; remove it here`;
    }
}

/** What works but may not be what the user wants. */
export function* warnings({ mutualAuth, cilium }: Settings): Problems {
    const { version } = cilium;
    yield* ciliumVersionWarnings(version);
    if (!mutualAuth) {
        // Read in bpf/bpf_lxc.c of 1.15 to 1.20, which does not know of the flag. The upgrade notes of 1.19 say that the
        // traffic passes.
        yield 'mutualAuth = false: policies with "authentication.mode: required" stay in force, so their traffic stops when the pairs that are known expire. Remove the requirement from the policies.';
    }
    if (mutualAuth && cilium.mode === "adopt" && gte(version, "1.19.0")) {
        yield `cilium.mode = "adopt": the chart of Cilium ${version} has authentication off by default, and "helm upgrade" would set that again. Set authentication.enabled=true in that release.`;
    }
    if (cilium.mode === "install") yield* installWarnings(cilium);
}

function* installWarnings(cilium: InstallSettings): Problems {
    const { chart, kubeProxyReplacement, k8sServiceHost } = cilium;
    if (chart?.startsWith("http://")) {
        yield `cilium.chart = "${chart}": over plain HTTP, whoever is on the way can change what will run as root on all nodes; use https.`;
    }
    if (kubeProxyReplacement && k8sServiceHost === undefined) {
        yield "cilium.kubeProxyReplacement = true without cilium.k8sServiceHost: without kube-proxy, Cilium cannot find the API server by its Service.";
    }
}
