/** Another trust domain on a stack that lives: every identity is replaced, so it takes a word. */
import type { Cluster } from "@cilium-spire/entries-provider";
import { SERVER_NAME } from "../components/names";
import type { Settings } from "../settings/schema";

/**
 * @throws Error by key, with what it costs, when the SPIRE server serves another trust domain than the wanted one and
 * `replaceTrustDomain` does not name it.
 */
export async function requireTrustDomain(
    cluster: Cluster,
    {
        trustDomain,
        replaceTrustDomain,
        spire,
    }: Pick<Settings, "trustDomain" | "replaceTrustDomain" | "spire">,
): Promise<void> {
    const { namespace } = spire.server;
    const configMap = await cluster.find(
        cluster.core.readNamespacedConfigMap({ name: SERVER_NAME, namespace }),
    );
    const served = trustDomainOfServer(configMap?.data?.["server.conf"]);
    if (served === undefined || served === trustDomain || served === replaceTrustDomain) return;
    throw new Error(
        `trustDomain = "${trustDomain}": the SPIRE server in namespace ${namespace} serves "${served}", and nothing was changed. ` +
            "Every identity would be replaced: pods whose policies require authentication are blocked until Cilium and SPIRE have restarted, " +
            `and all that names spiffe://${served}/..., or trusts its bundle (federation, workloads, other stacks), has to be changed by hand. ` +
            `Set the key back, or, if it is meant, set replaceTrustDomain to "${served}".`,
    );
}

/** Undefined when there is no server, or what somebody else has written there is no configuration: the `up` mends it. */
function trustDomainOfServer(conf: string | undefined): string | undefined {
    try {
        const { server } = JSON.parse(conf ?? "{}") as { server?: { trust_domain?: string } };
        return server?.trust_domain;
    } catch {
        return undefined;
    }
}
