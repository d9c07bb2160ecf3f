/** What settings that name an issuer of cert-manager need of a cluster. */
import type { Cluster } from "@cilium-spire/entries-provider";
import { installsSpire, type Settings } from "../settings/schema";

const [GROUP, VERSION] = ["cert-manager.io", "v1"];

/**
 * What the objects are that we, the chart and SPIRE make. The issuer itself may be made later, in a namespace that is not there
 * yet; until then they wait for it.
 *
 * @throws Error that names the settings and the missing kinds.
 */
export async function requireCertManager(cluster: Cluster, settings: Settings): Promise<void> {
    const { cilium } = settings;
    const wanted: [setting: string, kind: string][] = [];
    if (cilium.mode === "install" && cilium.hubble.tls?.method === "certmanager") {
        wanted.push(['cilium.hubble.tls.method = "certmanager"', "Certificate"]);
    }
    if (
        installsSpire(settings) &&
        settings.spire.server.upstreamAuthority?.type === "cert-manager"
    ) {
        wanted.push(['spire.server.upstreamAuthority.type = "cert-manager"', "CertificateRequest"]);
    }
    if (wanted.length === 0) return;
    const list = await cluster.find(
        cluster.custom.getAPIResources({ group: GROUP, version: VERSION }),
    );
    const problems = wanted
        .filter(([, kind]) => !list?.resources.some((known) => known.kind === kind))
        .map(([setting, kind]) => `${setting}, but the cluster knows no ${kind}`);
    if (problems.length === 0) return;
    throw new Error(
        `${problems.join("; ")} of ${GROUP}/${VERSION}. Install cert-manager first, or choose another.`,
    );
}
