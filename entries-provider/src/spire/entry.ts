/** Registration entries: the one shape that plan, state and server are compared in. */
import { isDeepStrictEqual } from "node:util";

/** A SPIRE registration entry. Optional fields are left out when they have SPIRE's default, so that state stays small. */
export interface Entry {
    /** Entry ID, chosen by us: up to 255 of `[-.0-9A-Za-z_]` (SPIRE's rule). */
    id: string;
    spiffeId: string;
    parentId: string;
    /** `type:value`, sorted. */
    selectors: string[];
    /** Grants the holder SPIRE's admin API. */
    admin?: true;
    downstream?: true;
    /** Seconds; SPIRE's `default_x509_svid_ttl` when absent. */
    x509SvidTtl?: number;
    /** Seconds; SPIRE's `default_jwt_svid_ttl` when absent. */
    jwtSvidTtl?: number;
    dnsNames?: string[];
    /** Names of trust domains, as SPIRE shows them; `spiffe://` before them is dropped. */
    federatesWith?: string[];
    hint?: string;
    /** The SVID is for a store of the agent's (plugin SVIDStore). */
    storeSvid?: true;
    /** Unix time in seconds, after which SPIRE removes the entry. */
    expiresAt?: number;
    /** Flags of SPIRE 1.15 and newer, by SPIRE's names (proto/spire/common/common.proto). */
    additionalAttributes?: Record<string, true>;
}

/** Entries by a key that a reader of a preview understands, such as `<node>/<role>`. */
export type Entries = Record<string, Entry>;

interface IdJson {
    trust_domain: string;
    path?: string;
}

/** An entry as `spire-server entry show -output json` prints it (protobuf JSON: int64 are strings). */
export interface ShownEntry {
    id: string;
    spiffe_id: IdJson;
    parent_id: IdJson;
    selectors?: { type: string; value: string }[];
    admin?: boolean;
    downstream?: boolean;
    x509_svid_ttl?: number;
    jwt_svid_ttl?: number;
    dns_names?: string[];
    federates_with?: string[];
    hint?: string;
    store_svid?: boolean;
    expires_at?: string;
    additional_attributes?: Record<string, boolean> | null;
}

/** The SPIFFE ID that a protobuf JSON `{trust_domain, path}` stands for. */
export function idFromJson(id: IdJson): string {
    return `spiffe://${id.trust_domain}${id.path ?? ""}`;
}

/** Drops SPIRE's defaults and sorts what has no order, so that equal entries are deeply equal. */
export function normalize(entry: Entry): Entry {
    const sorted = (list?: string[]) => (list?.length ? [...list].sort() : undefined);
    const full = {
        id: entry.id,
        spiffeId: entry.spiffeId,
        parentId: entry.parentId,
        selectors: [...entry.selectors].sort(),
        admin: entry.admin || undefined,
        downstream: entry.downstream || undefined,
        x509SvidTtl: entry.x509SvidTtl || undefined,
        jwtSvidTtl: entry.jwtSvidTtl || undefined,
        dnsNames: sorted(entry.dnsNames),
        federatesWith: sorted(
            entry.federatesWith?.map((domain) => domain.replace(/^spiffe:\/\//, "")),
        ),
        hint: entry.hint || undefined,
        storeSvid: entry.storeSvid || undefined,
        expiresAt: entry.expiresAt || undefined,
        additionalAttributes: setFlags(entry.additionalAttributes),
    };
    return Object.fromEntries(
        Object.entries(full).filter(([, v]) => v !== undefined),
    ) as unknown as Entry;
}

function setFlags(flags: Record<string, boolean> | null = {}): Record<string, true> | undefined {
    const set = Object.entries(flags ?? {}).filter(([, value]) => value);
    return set.length > 0 ? Object.fromEntries(set.map(([name]) => [name, true])) : undefined;
}

/** Reads an entry as SPIRE shows it. */
export function fromShown(shown: ShownEntry): Entry {
    return normalize({
        id: shown.id,
        spiffeId: idFromJson(shown.spiffe_id),
        parentId: idFromJson(shown.parent_id),
        selectors: (shown.selectors ?? []).map((s) => `${s.type}:${s.value}`),
        admin: shown.admin || undefined,
        downstream: shown.downstream || undefined,
        x509SvidTtl: shown.x509_svid_ttl,
        jwtSvidTtl: shown.jwt_svid_ttl,
        dnsNames: shown.dns_names,
        federatesWith: shown.federates_with,
        hint: shown.hint,
        storeSvid: shown.store_svid || undefined,
        expiresAt: Number(shown.expires_at ?? 0),
        additionalAttributes: setFlags(shown.additional_attributes),
    });
}

/**
 * The form that `spire-server entry create|update -data -` reads. It is not the form that `entry show` prints
 * (SPIRE: proto/spire/common/common.proto), and unknown keys are ignored silently, hence a function of its own.
 */
export function toData(entry: Entry): Record<string, unknown> {
    return {
        entry_id: entry.id,
        spiffe_id: entry.spiffeId,
        parent_id: entry.parentId,
        selectors: entry.selectors.map((s) => {
            const colon = s.indexOf(":");
            return { type: s.slice(0, colon), value: s.slice(colon + 1) };
        }),
        admin: entry.admin ?? false,
        downstream: entry.downstream ?? false,
        x509_svid_ttl: entry.x509SvidTtl ?? 0,
        jwt_svid_ttl: entry.jwtSvidTtl ?? 0,
        dns_names: entry.dnsNames ?? [],
        federates_with: entry.federatesWith ?? [],
        hint: entry.hint ?? "",
        store_svid: entry.storeSvid ?? false,
        // The one key that SPIRE writes so.
        entryExpiry: entry.expiresAt ?? 0,
        ...(entry.additionalAttributes && { additional_attributes: entry.additionalAttributes }),
    };
}

/** Names the fields in which two entries differ, for people: `selectors, admin`. */
export function differingFields(a: Entry, b: Entry): string[] {
    const fields = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Entry>;
    return [...fields].filter((field) => !isDeepStrictEqual(a[field], b[field]));
}

/** SPIRE's own notion of "the same entry": it refuses a second one with equal SPIFFE ID, parent and selectors. */
export function similarityKey(entry: Entry): string {
    return [entry.spiffeId, entry.parentId, ...entry.selectors].join("\n");
}
