/** The values of Cilium's chart that this program sets, and how a user's own join them. */
import type { InstallSettings } from "../../settings/cilium";
import { mergeValues, type Values } from "../../settings/cilium/values";
import { pullSecrets } from "../images";
import { CILIUM } from "../names";
import type { InstallationArgs } from "./args";
import { imageValues } from "./images";

/** The values this program owns. All exist in the charts of 1.15 to 1.20 (test/unit/components/cilium/charts.test.ts). */
export function chartValues(args: InstallationArgs): Values {
    const { encryption, hubble, kubeProxyReplacement, k8sServiceHost, k8sServicePort } =
        args.settings;
    const imagePullSecrets = pullSecrets(args.images);
    const nodeSelector = args.operatorNodeLabels;
    return {
        authentication: authenticationValues(args),
        // The values above end in a ConfigMap that running pods do not read again.
        rollOutCiliumPods: true,
        operator: {
            rollOutPods: true,
            // By default the operator tolerates the taints of control planes.
            ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
            ...metricsValues(args),
        },
        ...metricsValues(args),
        encryption: encryptionValues(encryption),
        hubble: hubbleValues(hubble),
        kubeProxyReplacement,
        ...(k8sServiceHost !== undefined && { k8sServiceHost }),
        ...(k8sServicePort !== undefined && { k8sServicePort }),
        ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    };
}

/** All values that the chart gets: images from the user's registry, over them the user's own values, over them ours. */
export function releaseValues(args: InstallationArgs): Values {
    const { registry } = args.images;
    const images = registry === undefined ? {} : imageValues(registry);
    const defaults = mergeValues(images, configFirst(args.settings.namespace));
    return mergeValues(mergeValues(defaults, args.settings.values), chartValues(args));
}

/**
 * Agents and operator are written after the ConfigMap that they read when they start. Else Pulumi writes all at once, and an
 * operator that starts within a second has the configuration of before, until somebody restarts it.
 */
function configFirst(namespace: string): Values {
    const configMap = `/namespaces/${namespace}/ConfigMap/${CILIUM.configMap}`;
    // Read by Pulumi's Chart from what the chart renders (provider v4.25, pkg/provider/yaml/v2, by cli-utils' graph).
    const annotations = { "config.kubernetes.io/depends-on": configMap };
    return { annotations, operator: { annotations } };
}

function authenticationValues(args: InstallationArgs): Values {
    // Without this the chart would install a SPIRE of its own.
    const install = { enabled: false };
    if (!args.mutualAuth) return { enabled: false, mutual: { spire: { enabled: false, install } } };
    const { mutual, ...queues } = args.settings.authentication;
    return {
        // Off by default since 1.19.
        enabled: true,
        ...queues,
        mutual: {
            ...mutual,
            spire: {
                ...mutual.spire,
                enabled: true,
                install,
                serverAddress: args.serverAddress,
                trustDomain: args.trustDomain,
                adminSocketPath: args.sockets.admin,
                agentSocketPath: args.sockets.workload,
            },
        },
    };
}

/** The same key for agents, where it is off by default, and for the operator. */
function metricsValues({ scraped }: InstallationArgs): Values {
    return scraped ? { prometheus: { enabled: true } } : {};
}

function encryptionValues(encryption: InstallSettings["encryption"]): Values {
    if (encryption.type === "none") return { enabled: false };
    if (encryption.type === "wireguard") return { enabled: true, type: "wireguard" };
    const { type, secretName, keyFile } = encryption;
    // Up to 1.15 the chart reads the key file only together with the mount path, which is empty there by default.
    return { enabled: true, type, ipsec: { secretName, keyFile, mountPath: "/etc/ipsec" } };
}

function hubbleValues({ enabled, tls }: InstallSettings["hubble"]): Values {
    if (!enabled) return { enabled: false };
    if (tls?.method === "certmanager") {
        const { method, issuerRef: certManagerIssuerRef } = tls;
        return { enabled, tls: { enabled, auto: { enabled, method, certManagerIssuerRef } } };
    }
    const existingSecret = tls?.serverSecret;
    return { enabled, tls: { enabled, auto: { enabled: false }, server: { existingSecret } } };
}
