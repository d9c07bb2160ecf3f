/**
 * What each policy of this folder lets through and what it refuses. The pictures of docs/policies.md draw it, and
 * test/e2e/33-policies.test.ts shows it with packets.
 */

/** What becomes of a connection. */
export type Outcome =
    /** It passes, and Cilium has the pair in its auth map. */
    | "authenticated"
    /** It passes, and nobody is asked who he is. */
    | "exempt"
    /** A rule names the peer, but its identity has no registration entry: dropped, `Authentication required`. */
    | "unregistered"
    /** No rule names the peer: dropped, `Policy denied`. */
    | "unnamed";

export interface ScenePod {
    /** @default its name */
    app?: string;
    /** Its service account. @default "default" */
    account?: string;
    /** TCP ports on which it answers. */
    ports?: number[];
    /** `false`: SPIRE has no entry for its identity. */
    registered?: false;
}

export interface Attempt {
    /** A pod of the scene, `namespace/name`. */
    from: string;
    /** A pod of the scene or a Service, `namespace/name`. */
    to: string;
    port: number;
    outcome: Outcome;
}

export interface Scene {
    /** By `namespace/name`. */
    pods: Record<string, ScenePod>;
    attempts: Attempt[];
}

const SERVER: ScenePod = { ports: [8080] };
const DNS = { to: "kube-system/kube-dns", port: 53 };
const API_SERVER = { to: "default/kubernetes", port: 443 };

/** By the name of the file, without its extension. */
export const SCENES = {
    "namespace-wide": {
        pods: {
            "orders/orders": SERVER,
            "orders/billing": {},
            "orders/unregistered": { registered: false },
            "elsewhere/visitor": SERVER,
        },
        attempts: [
            attempt("orders/billing", "orders/orders", "authenticated"),
            attempt("orders/unregistered", "orders/orders", "unregistered"),
            attempt("elsewhere/visitor", "orders/orders", "unnamed"),
        ],
    },
    "service-account": {
        pods: {
            "payments/payments": SERVER,
            "payments/checkout": { app: "shop", account: "checkout" },
            "payments/unregistered": { app: "shop", account: "checkout", registered: false },
            "payments/other-account": { app: "shop" },
        },
        attempts: [
            attempt("payments/checkout", "payments/payments", "authenticated"),
            attempt("payments/unregistered", "payments/payments", "unregistered"),
            attempt("payments/other-account", "payments/payments", "unnamed"),
        ],
    },
    "cross-namespace": {
        pods: {
            "catalog/catalog": SERVER,
            "storefront/web": {},
            "storefront/unregistered": { app: "web", registered: false },
            "elsewhere/web": {},
        },
        attempts: [
            attempt("storefront/web", "catalog/catalog", "authenticated"),
            attempt("storefront/unregistered", "catalog/catalog", "unregistered"),
            attempt("elsewhere/web", "catalog/catalog", "unnamed"),
        ],
    },
    "both-sides": {
        pods: {
            "accounts/ledger": SERVER,
            "accounts/archive": SERVER,
            "accounts/teller": {},
            "accounts/unregistered": { app: "teller", registered: false },
            "accounts/auditor": {},
        },
        attempts: [
            attempt("accounts/teller", "accounts/ledger", "authenticated"),
            { from: "accounts/teller", ...DNS, outcome: "exempt" },
            attempt("accounts/teller", "accounts/archive", "unnamed"),
            attempt("accounts/unregistered", "accounts/ledger", "unregistered"),
            attempt("accounts/auditor", "accounts/ledger", "unnamed"),
        ],
    },
    http: {
        pods: {
            "search/search": SERVER,
            "search/frontend": {},
            "search/unregistered": { app: "frontend", registered: false },
            "elsewhere/visitor": SERVER,
        },
        attempts: [
            attempt("search/frontend", "search/search", "authenticated"),
            attempt("search/unregistered", "search/search", "unregistered"),
            attempt("elsewhere/visitor", "search/search", "unnamed"),
        ],
    },
    "health-checks": {
        pods: {
            "stock/stock": { ports: [8080, 8081] },
            "stock/client": {},
            "stock/unregistered": { app: "client", registered: false },
            "elsewhere/visitor": SERVER,
        },
        attempts: [
            attempt("stock/client", "stock/stock", "authenticated"),
            attempt("stock/unregistered", "stock/stock", "unregistered"),
            attempt("stock/unregistered", "stock/stock", "exempt", 8081),
            attempt("elsewhere/visitor", "stock/stock", "exempt", 8081),
            attempt("elsewhere/visitor", "stock/stock", "unnamed"),
        ],
    },
    "dns-and-api-server": {
        pods: {
            "shipping/depot": SERVER,
            "shipping/parcel": {},
            "shipping/unregistered": { registered: false },
            "elsewhere/visitor": SERVER,
        },
        attempts: [
            attempt("shipping/parcel", "shipping/depot", "authenticated"),
            attempt("shipping/unregistered", "shipping/depot", "unregistered"),
            { from: "shipping/unregistered", ...DNS, outcome: "exempt" },
            { from: "shipping/unregistered", ...API_SERVER, outcome: "exempt" },
            attempt("shipping/parcel", "elsewhere/visitor", "unnamed"),
        ],
    },
    clusterwide: {
        pods: {
            "returns/returns": SERVER,
            "elsewhere/visitor": SERVER,
            "elsewhere/unregistered": { registered: false },
        },
        attempts: [
            attempt("elsewhere/visitor", "returns/returns", "authenticated"),
            attempt("elsewhere/unregistered", "returns/returns", "unregistered"),
            attempt("elsewhere/unregistered", "elsewhere/visitor", "exempt"),
        ],
    },
} satisfies Record<string, Scene>;

function attempt(from: string, to: string, outcome: Outcome, port = 8080): Attempt {
    return { from, to, port, outcome };
}
