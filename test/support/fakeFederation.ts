/** The part of a SPIRE server's command line that is about trust domains, in memory. */
import type { ExecAnswer } from "./fakeCluster";

interface RelationshipData {
    trustDomain: string;
    bundleEndpointURL: string;
    bundleEndpointProfile: string;
    endpointSPIFFEID?: string;
}

/** A bundle as SPIFFE writes it, with one authority. */
export function bundleWith(certificate: string) {
    return { keys: [{ use: "x509-svid", kty: "EC", x5c: [certificate] }], spiffe_sequence: 1 };
}

export class FakeFederation {
    own: object = bundleWith("our CA");
    /** By trust domain. */
    bundles = new Map<string, object>();
    relationships = new Map<string, RelationshipData>();

    /** @returns undefined for a command that is about something else. */
    exec(command: string, options: string[], stdin: string): ExecAnswer | undefined {
        const asJson = options.includes("json");
        const name = (options[options.indexOf("-id") + 1] ?? "").replace("spiffe://", "");
        switch (command) {
            case "bundle show":
                return printed(asJson ? { trust_domain: "demo.local" } : this.own);
            case "bundle list": {
                const bundles = [...this.bundles.keys()].map((td) => ({ trust_domain: td }));
                return printed(asJson ? { bundles } : this.bundles.get(name)!);
            }
            case "bundle set":
                this.bundles.set(name, JSON.parse(stdin) as object);
                return printed({ results: [{ status: { code: 0 } }] });
            case "federation list":
                return printed({
                    federation_relationships: [...this.relationships.values()].map(shown),
                });
            case "federation create":
            case "federation update": {
                const { federationRelationships: given } = JSON.parse(stdin) as {
                    federationRelationships: RelationshipData[];
                };
                for (const one of given) this.relationships.set(one.trustDomain, one);
                return printed({ results: given.map(() => ({ status: { code: 0 } })) });
            }
        }
        return undefined;
    }
}

/** Members that are not set are null, as protobuf's JSON has those of messages. */
function shown(data: RelationshipData): object {
    const { trustDomain, bundleEndpointURL, bundleEndpointProfile: profile } = data;
    const profiles =
        profile === "https_web"
            ? { https_web: {} }
            : { https_spiffe: { endpoint_spiffe_id: data.endpointSPIFFEID } };
    const place = { trust_domain: trustDomain, bundle_endpoint_url: bundleEndpointURL };
    return { ...place, ...profiles, trust_domain_bundle: null };
}

function printed(output: object): ExecAnswer {
    return { stdout: JSON.stringify(output) };
}
