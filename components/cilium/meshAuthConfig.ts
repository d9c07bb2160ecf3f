/** The keys of Cilium's ConfigMap that mutual authentication consists of. */
import type { InstallSettings } from "../../settings/cilium";
import { CILIUM } from "../names";
import type { CiliumArgs } from "./args";

/**
 * What the chart makes of our values (templates/cilium-configmap.yaml, the same in 1.15 to 1.20): needed where the chart is
 * not ours, and to tell whether it is still so.
 *
 * Where the chart is not ours, the three keys of the queues are left out: every chart writes them, also without
 * authentication, and `helm upgrade` would set its own again (measured with Helm 3.19).
 */
export function meshAuthConfig(args: CiliumArgs): Record<string, string> {
    if (!args.mutualAuth) return { "mesh-auth-enabled": "false" };
    const { settings } = args;
    const { mutual } = settings.authentication;
    return {
        "mesh-auth-enabled": "true",
        ...(settings.mode === "install" && queueConfig(settings)),
        "mesh-auth-mutual-enabled": "true",
        "mesh-auth-mutual-listener-port": String(mutual.port),
        "mesh-auth-mutual-connect-timeout": mutual.connectTimeout,
        "mesh-auth-spire-agent-socket": args.sockets.workload,
        "mesh-auth-spire-admin-socket": args.sockets.admin,
        "mesh-auth-spire-server-address": args.serverAddress,
        "mesh-auth-spire-server-connection-timeout": mutual.spire.connectionTimeout,
        "mesh-auth-spiffe-trust-domain": args.trustDomain,
    };
}

function queueConfig({ authentication }: InstallSettings): Record<string, string> {
    const { queueSize, rotatedIdentitiesQueueSize, gcInterval } = authentication;
    return {
        "mesh-auth-queue-size": String(queueSize),
        "mesh-auth-rotated-identities-queue-size": String(rotatedIdentitiesQueueSize),
        "mesh-auth-gc-interval": gcInterval,
    };
}

/**
 * Why this program cannot adopt a Cilium, or undefined when it can.
 *
 * @param running version of the agents; undefined when their image's tag is none.
 * @param expected `cilium.version`.
 * @param config data of Cilium's ConfigMap.
 */
export function adoptionProblem(
    running: string | undefined,
    expected: string,
    config: Record<string, string>,
): string | undefined {
    if (running !== undefined && running !== expected) {
        return `cilium.version = "${expected}", but the agents run ${running}; set it to "${running}".`;
    }
    if (config["identity-allocation-mode"] === "kvstore") {
        return `Cilium has identity-allocation-mode "kvstore" in ConfigMap "${CILIUM.configMap}", where its operator registers no identities; it must be "crd".`;
    }
    return undefined;
}
