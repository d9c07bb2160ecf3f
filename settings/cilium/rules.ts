/** Rules between the settings of Cilium, and with those of SPIRE. Each line names the key to change. */
import { gte } from "semver";
import { valueConflicts } from "./values";
import { ciliumVersionWarnings, unsupportedCilium } from "../../versions/cilium";
import type { Settings } from "../schema";
import type { InstallSettings } from ".";

type Problems = (string | false | undefined)[];

/** What cannot work, as `key: problem; remedy`. */
export function ciliumProblems({ cilium, spire }: Settings): string[] {
    const { version, authentication } = cilium;
    const unsupported = unsupportedCilium(version);
    const problems: Problems = [
        unsupported !== undefined && `cilium.version: ${unsupported}`,
        authentication.mutual.port === spire.agent.healthPort &&
            `cilium.authentication.mutual.port = ${authentication.mutual.port}: is spire.agent.healthPort on the same hosts; use another`,
        ...(cilium.mode === "install" ? installProblems(cilium) : []),
    ];
    return problems.filter((problem) => typeof problem === "string");
}

function installProblems(cilium: InstallSettings): Problems {
    const { hubble, k8sServiceHost, k8sServicePort } = cilium;
    return [
        hubble.enabled &&
            !hubble.tls &&
            "cilium.hubble.tls: is missing, and Hubble listens on the network; set its method to certmanager or provided",
        k8sServiceHost !== undefined &&
            k8sServicePort === undefined &&
            k8sServiceHost !== "auto" &&
            `cilium.k8sServiceHost = "${k8sServiceHost}": needs a port; set cilium.k8sServicePort too`,
        k8sServiceHost === undefined &&
            k8sServicePort !== undefined &&
            `cilium.k8sServicePort = ${k8sServicePort}: needs a host; set cilium.k8sServiceHost too`,
        ...valueConflicts(cilium).map(({ path, remedy }) => `cilium.values.${path}: ${remedy}`),
    ];
}

/** What works but may not be what the user wants. */
export function warnings({ mutualAuth, cilium }: Settings): string[] {
    const { version } = cilium;
    const list: Problems = [
        ...ciliumVersionWarnings(version),
        // Read in bpf/bpf_lxc.c of 1.15 to 1.20, which does not know of the flag. The upgrade notes of 1.19 say that the
        // traffic passes.
        !mutualAuth &&
            'mutualAuth = false: policies with "authentication.mode: required" stay in force, so their traffic stops when the pairs that are known expire. Remove the requirement from the policies.',
        mutualAuth &&
            cilium.mode === "adopt" &&
            gte(version, "1.19.0") &&
            `cilium.mode = "adopt": the chart of Cilium ${version} has authentication off by default, and "helm upgrade" would set that again. Set authentication.enabled=true in that release.`,
        ...(cilium.mode === "install" ? installWarnings(cilium) : []),
    ];
    return list.filter((warning) => typeof warning === "string");
}

function installWarnings({
    chart,
    kubeProxyReplacement,
    k8sServiceHost,
}: InstallSettings): Problems {
    return [
        chart?.startsWith("http://") &&
            `cilium.chart = "${chart}": over plain HTTP, whoever is on the way can change what will run as root on all nodes; use https.`,
        kubeProxyReplacement &&
            k8sServiceHost === undefined &&
            "cilium.kubeProxyReplacement = true without cilium.k8sServiceHost: without kube-proxy, Cilium cannot find the API server by its Service.",
    ];
}
