/**
 * The metrics that alerts and dashboard use, and nothing beyond them. test/unit/components/observability/metrics.test.ts finds each in the
 * sources of the releases that have it.
 *
 * SPIRE's: counters have no `_total`; a call counts by the label `status`, the name of gRPC's code, and has a summary
 * `..._elapsed_time` in milliseconds with the quantiles 0.5, 0.9 and 0.99 of the last ten seconds. A series appears at its
 * first event, and a counter then begins with 1. Cilium has no metrics of its own for mutual authentication.
 */
export const METRICS = {
    serverUptime: "spire_server_uptime_in_ms",
    caPrepare: "spire_server_ca_manager_x509_ca_prepare",
    /** Seconds since 1970, of the X.509 CA that signs. Since SPIRE 1.13.3. */
    caExpiration: "spire_server_manager_x509_ca_rotate_expiration",
    /** Seconds that the X.509 CA had left when it began to sign. */
    caTtl: "spire_server_manager_x509_ca_rotate_ttl",
    serverSvidRotate: "spire_server_svid_rotate",
    signX509Svid: "spire_server_server_ca_sign_x509_svid",
    attestAgent: "spire_server_rpc_agent_v1_agent_attest_agent",
    batchNewX509Svid: "spire_server_rpc_svid_v1_svid_batch_new_x509svid",
    /** What agents ask for, until SPIRE 1.11 and since 1.12. */
    getAuthorizedEntries: "spire_server_rpc_entry_v1_entry_get_authorized_entries",
    syncAuthorizedEntries: "spire_server_rpc_entry_v1_entry_sync_authorized_entries",
    /** What cilium-operator asks for before it writes. */
    listEntries: "spire_server_rpc_entry_v1_entry_list_entries",
    batchCreateEntry: "spire_server_rpc_entry_v1_entry_batch_create_entry",
    entryCreate: "spire_server_datastore_registration_entry_create",
    entryUpdate: "spire_server_datastore_registration_entry_update",
    entryDelete: "spire_server_datastore_registration_entry_delete",
    /** Every few seconds, by the cache of entries. */
    entryList: "spire_server_datastore_registration_entry_list",
    nodeFetch: "spire_server_datastore_node_fetch",
    bundleFetch: "spire_server_datastore_bundle_fetch",

    agentUptime: "spire_agent_uptime_in_ms",
    /** With k8s_psat, an agent attests again instead of renewing its SVID. */
    nodeAttest: "spire_agent_node_attest",
    fetchEntries: "spire_agent_manager_sync_fetch_entries_updates",
    fetchSvids: "spire_agent_manager_sync_fetch_svids_updates",
    /** Entries that an agent may use. Since SPIRE 1.12. */
    agentEntries: "spire_agent_sync_entries_total",
    /** A stream: it counts when it ends. */
    delegateSubscribe: "spire_agent_rpc_delegated_identity_subscribe_to_x509_svids",
    delegateConnections: "spire_agent_delegated_identity_api_connections",

    /** Of every Go program with Prometheus' client. */
    memory: "process_resident_memory_bytes",
    /** Of Prometheus itself. */
    up: "up",

    drops: "cilium_drop_count_total",
    /** CiliumIdentity objects, counted by the leading operator's garbage collector every quarter of an hour. */
    identities: "cilium_operator_identity_gc_entries",
} as const;

/** The label of dropped packets that wait for an authentication (Cilium, pkg/monitor/api/drop.go). */
export const AUTH_DROP = 'reason="Authentication required"';
