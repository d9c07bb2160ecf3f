/** SPIFFE IDs, and the one that a certificate carries. */
import type { X509Certificate } from "node:crypto";

export interface SpiffeId {
    /** The whole of it: `spiffe://example.org/shop/payments`. */
    uri: string;
    trustDomain: string;
}

/** Of a workload: a trust domain's own ID has no path. */
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/;
const LONGEST = 2048;

/** @throws Error for what is not the SPIFFE ID of a workload. */
export function parseSpiffeId(uri: string): SpiffeId {
    const [, trustDomain, path] = SPIFFE_ID.exec(uri) ?? [];
    const relative = path?.split("/").some((segment) => segment === "." || segment === "..");
    if (trustDomain === undefined || relative || uri.length > LONGEST) {
        throw new Error(
            `${JSON.stringify(uri.slice(0, LONGEST))} is not the SPIFFE ID of a workload, such as spiffe://example.org/shop/payments`,
        );
    }
    return { uri, trustDomain };
}

/** A name of a certificate as Node prints it: one with a comma or a quote in it stands in quotes. */
const NAME = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/gy;

/**
 * The SPIFFE ID of an X.509-SVID. Whether its chain is valid, TLS has to say.
 *
 * @throws Error when the certificate is no workload's X.509-SVID.
 */
export function spiffeIdOf(certificate: X509Certificate): SpiffeId {
    if (certificate.ca) throw new Error("the certificate is an authority's, not a workload's");
    const text = certificate.subjectAltName ?? "";
    const names = [...text.matchAll(NAME)];
    if (names.map(([whole]) => whole).join("") !== text) {
        throw new Error("the certificate's names cannot be read");
    }
    const uris = names.flatMap(([, kind, value]) => (kind === "URI" ? [value!] : []));
    // More than one is invalid by the specification: which of them would count?
    if (uris.length !== 1) {
        throw new Error(`the certificate has ${uris.length} URIs; an X.509-SVID has one`);
    }
    return parseSpiffeId(uris[0]!);
}
