/** What a server knows of other trust domains: their bundles, and where it fetches them. */
import { type BatchResult, GRPC, type SpireServer } from "@cilium-spire/entries-provider";
import type { Bundle, Relationship } from "./document";

/** The own trust domain, as the server has it. */
export interface OwnBundle {
    trustDomain: string;
    bundle: Bundle;
}

/** As `federation list` prints one (protobuf JSON). */
interface ShownRelationship {
    trust_domain: string;
    bundle_endpoint_url: string;
    https_web?: object | null;
    https_spiffe?: { endpoint_spiffe_id: string } | null;
}

export async function ownBundle(server: SpireServer): Promise<OwnBundle> {
    // Only the one form has the name, and only the other is SPIFFE's.
    const shown = await server.json<{ trust_domain: string }>(["bundle", "show"]);
    const bundle = await server.document<Bundle>(["bundle", "show", "-format", "spiffe"]);
    return { trustDomain: shown.trust_domain, bundle };
}

/** The bundles of other trust domains, by their names. */
export async function federatedBundles(server: SpireServer): Promise<Record<string, Bundle>> {
    const listed = await server.json<{ bundles?: { trust_domain: string }[] }>(["bundle", "list"]);
    const found: [string, Bundle][] = [];
    for (const { trust_domain: name } of listed.bundles ?? []) {
        const id = ["-id", `spiffe://${name}`, "-format", "spiffe"];
        found.push([name, await server.document<Bundle>(["bundle", "list", ...id])]);
    }
    return Object.fromEntries(found);
}

/** Gives the server the bundle of another trust domain. */
export async function setBundle(server: SpireServer, name: string, bundle: Bundle): Promise<void> {
    const args = ["bundle", "set", "-id", `spiffe://${name}`, "-format", "spiffe"];
    const result = await server.json<BatchResult>(args, JSON.stringify(bundle));
    requireDone(`the bundle of ${name}`, result);
}

/** Relationships that were made at the server; those in its configuration are not among them. */
export async function relationships(server: SpireServer): Promise<Relationship[]> {
    const listed = await server.json<{ federation_relationships?: ShownRelationship[] }>([
        "federation",
        "list",
    ]);
    return (listed.federation_relationships ?? []).map((shown): Relationship => {
        const place = { trustDomain: shown.trust_domain, url: shown.bundle_endpoint_url };
        const endpointSpiffeId = shown.https_spiffe?.endpoint_spiffe_id;
        return endpointSpiffeId === undefined
            ? { ...place, profile: "https_web" }
            : { ...place, profile: "https_spiffe", endpointSpiffeId };
    });
}

export async function writeRelationship(
    server: SpireServer,
    verb: "create" | "update",
    relationship: Relationship,
): Promise<void> {
    const { trustDomain, url, profile } = relationship;
    // The form that it reads is not the one that it prints (cmd/spire-server/cli/federation/common.go).
    const data = {
        trustDomain,
        bundleEndpointURL: url,
        bundleEndpointProfile: profile,
        ...(profile === "https_spiffe" && { endpointSPIFFEID: relationship.endpointSpiffeId }),
    };
    const result = await server.json<BatchResult>(
        ["federation", verb, "-data", "-"],
        JSON.stringify({ federationRelationships: [data] }),
    );
    requireDone(`the federation relationship with ${trustDomain}`, result);
}

function requireDone(what: string, { results = [] }: BatchResult): void {
    const status = results[0]?.status;
    if (results[0] && (status?.code ?? GRPC.ok) === GRPC.ok) return;
    throw new Error(`SPIRE refused ${what}: ${status?.message ?? "it gave no result for it"}`);
}
