/** The rules that span keys of `spire`: combinations that SPIRE or Kubernetes would refuse, or silently ignore. */
import { durationSeconds } from "../amounts";
import { trustDomainOf } from "../words";
import { TAKEN_PORTS } from "../ports";
import { keyText, shorten, valueText } from "../show";
import { backupProblems } from "./backupRules";
import { socketConflict } from "./sockets";
import { jwtIssuer } from "./oidcDiscoveryProvider";
import { skewProblem } from "../../versions/spireUpgrade";
import { unsupportedSpire } from "../../versions/spire";
import type { Settings } from "../schema";
import type { AgentSettings, ExternalSpire, InstalledSpire, ServerSettings } from ".";

type Problems = Generator<string>;

/** Namespaces that every cluster has. */
const KUBERNETES_OWN = ["default", "kube-node-lease", "kube-public", "kube-system"];

/** SPIRE's cap (pkg/server/ca/manager, MaxSVIDTTL): the old CA is in use for so long at most. */
const LONGEST_SVID = "168h";
const HOUR = 3600;
/** SPIRE's own interval of full reloads, which must be the longer one (pkg/server/endpoints/endpoints.go). */
const FULL_RELOAD = "24h";

/** Every problem as `<key> = <value>: <what is wrong>; <remedy>`. */
export function* spireProblems(settings: Settings): Problems {
    const { spire, trustDomain, replaceTrustDomain, cilium } = settings;
    const { version, sockets } = spire;
    if (replaceTrustDomain === trustDomain) {
        yield `replaceTrustDomain = "${trustDomain}": is trustDomain itself; name the one of before, or remove it`;
    }
    const unsupported = unsupportedSpire(version);
    if (unsupported) yield `spire.version: ${unsupported}`;
    const conflict = socketConflict(sockets);
    if (conflict) yield `spire.sockets.admin = "${sockets.admin}": ${conflict}`;
    if (spire.mode === "external") {
        yield* externalProblems(settings, spire);
        return;
    }
    const { server, agent } = spire;
    yield* namespaceProblems(spire, cilium.namespace);
    yield* storageProblems(server);
    yield* backupProblems(server);
    yield* ttlProblems(server);
    yield* apiProblems(server, trustDomain);
    yield* issuerProblems(spire);
    yield* reloadProblems(server);
    yield* agentVersionProblems(agent, version);
    yield* agentProblems(agent, server);
}

/** What asks for changes of a SPIRE that is someone else's, or gives Cilium's agents the operator's identity. */
function* externalProblems(
    { replaceTrustDomain, cilium, observability }: Settings,
    { agent }: ExternalSpire,
): Problems {
    if (replaceTrustDomain !== undefined) {
        yield `replaceTrustDomain = "${replaceTrustDomain}": with spire.mode = "external" the trust domain is not this program's to replace; remove it`;
    }
    if (agent.delegate === `/ns/${cilium.namespace}/sa/cilium-operator`) {
        yield `spire.agent.delegate = "${agent.delegate}": is the identity of Cilium's operator, an admin of SPIRE; name that of Cilium's agents`;
    }
    const { scrape, dashboard, allowedNamespaces } = observability;
    for (const [key, asked] of Object.entries({
        scrape: scrape !== "none" && scrape,
        dashboard,
        allowedNamespaces,
    })) {
        if (!asked) continue;
        yield `observability.${key} = ${valueText(asked)}: follows from the settings of SPIRE, which with spire.mode = "external" are not known; remove it, and have SPIRE watched by whoever runs it`;
    }
}

/** Namespaces that this program must not make, because they are there for others. */
function* namespaceProblems(
    { createNamespaces, server, agent }: InstalledSpire,
    cilium: string,
): Problems {
    if (!createNamespaces) return;
    for (const [part, { namespace }] of Object.entries({ server, agent })) {
        const own = KUBERNETES_OWN.includes(namespace);
        if (!own && namespace !== cilium) continue;
        yield `spire.${part}.namespace = "${namespace}": is ${own ? "Kubernetes' own" : "Cilium's"}, which this program neither labels nor deletes; choose another, or set spire.createNamespaces to false`;
    }
}

function* storageProblems({
    replicas,
    datastore,
    keyManager,
    ...server
}: ServerSettings): Problems {
    if (replicas > 1 && datastore.type === "sqlite3") {
        yield `spire.server.replicas = ${replicas}: with sqlite3 each replica would have entries, agents and a bundle of its own; use 1, or datastore.type = "postgres"`;
    }
    if (keyManager === "memory" && !server.upstreamAuthority) {
        yield 'spire.server.keyManager = "memory": each start of the server would make a new root that no agent knows; use "disk", or set upstreamAuthority';
    }
    if (datastore.type !== "postgres") return;
    const { sslMode, rootCa, clientCertificate, passwordSecret } = datastore;
    if (sslMode === "disable" && (rootCa ?? clientCertificate)) {
        yield 'spire.server.datastore.sslMode = "disable": rootCa and clientCertificate would do nothing; remove them, or use "verify-full"';
    }
    if (!passwordSecret && !clientCertificate) {
        yield "spire.server.datastore.passwordSecret: is missing; name a Secret with the password, or a clientCertificate";
    }
}

function* ttlProblems(server: ServerSettings): Problems {
    for (const key of ["x509SvidTtl", "agentTtl", "jwtSvidTtl"] as const) {
        const ttl = server[key];
        const problem = ttl && ttlProblem(ttl, server);
        if (problem) yield `spire.server.${key} = "${ttl}": ${problem}`;
    }
}

/** Why SPIRE would shorten SVIDs with this lifetime, and what to do; undefined when it would not. */
export function ttlProblem(ttl: string, { caTtl }: ServerSettings): string | undefined {
    if (durationSeconds(ttl) > durationSeconds(caTtl) / 6) {
        return `SPIRE shortens SVIDs to a sixth of the CA's lifetime (caTtl = "${caTtl}"); shorten it or lengthen caTtl`;
    }
    if (durationSeconds(ttl) > durationSeconds(LONGEST_SVID)) {
        return `SPIRE shortens SVIDs to ${LONGEST_SVID}; use that or less`;
    }
    return undefined;
}

function* apiProblems({ adminIds, federation, replicas }: ServerSettings, own: string): Problems {
    const others = Object.keys(federation?.federatesWith ?? {});
    for (const id of adminIds) {
        if ([own, ...others].includes(trustDomainOf(id))) continue;
        yield `spire.server.adminIds: ${shorten(id, 200)} is neither of the trust domain ${own} nor of one in federation.federatesWith; add that one or remove the ID`;
    }
    if (others.includes(own)) {
        yield `${keyText(["spire", "server", "federation", "federatesWith", own])}: is the server's own trust domain; remove it`;
    }
    const endpoint = federation?.bundleEndpoint;
    if (federation && !endpoint && others.length === 0) {
        yield "spire.server.federation: is empty; set bundleEndpoint or federatesWith, or remove it";
    }
    const at = "spire.server.federation.bundleEndpoint";
    const { type, nodePort } = endpoint?.service ?? {};
    if (nodePort !== undefined && type === "ClusterIP") {
        yield `${at}.service.nodePort = ${nodePort}: a Service of type ClusterIP has none; set type to NodePort or LoadBalancer, or remove it`;
    }
    if (endpoint?.profile !== "https_web") return;
    if ((endpoint.certificate === undefined) === (endpoint.acme === undefined)) {
        yield `${at}: the profile https_web needs exactly one of certificate and acme; set one`;
    }
    if (endpoint.acme && replicas > 1) {
        yield `${at}.acme: the CA's challenge would reach any of the ${replicas} replicas, and only one can answer it; use certificate, such as one that cert-manager renews`;
    }
}

/** Verifiers ask at the issuer for the keys. */
function* issuerProblems({ server, oidcDiscoveryProvider: provider }: InstalledSpire): Problems {
    if (!provider || server.jwtIssuer === undefined) return;
    const issuer = jwtIssuer(provider);
    if (server.jwtIssuer === issuer) return;
    yield `spire.server.jwtIssuer = "${server.jwtIssuer}": verifiers would look there, and not at spire.oidcDiscoveryProvider.domain; remove it, or name ${issuer}`;
}

function* reloadProblems({ cacheReloadInterval: interval }: ServerSettings): Problems {
    if (interval === undefined || durationSeconds(interval) < durationSeconds(FULL_RELOAD)) return;
    yield `spire.server.cacheReloadInterval = "${interval}": SPIRE reads all entries anew every ${FULL_RELOAD} anyway, and does not start with a longer interval; shorten it, or remove it`;
}

function* agentVersionProblems({ version }: AgentSettings, serverVersion: string): Problems {
    if (version === undefined) return;
    const at = `spire.agent.version = "${version}"`;
    const unsupported = unsupportedSpire(version);
    if (unsupported) yield `${at}: ${unsupported}`;
    const skew = skewProblem(serverVersion, version);
    if (skew) yield `${at}: ${skew}; leave it out, so that agents follow the server`;
}

function* agentProblems(agent: AgentSettings, server: ServerSettings): Problems {
    const { healthPort, metricsPort, availabilityTarget } = agent;
    if (healthPort === metricsPort) {
        yield `spire.agent.healthPort = ${healthPort}: is the metricsPort too; choose another`;
    }
    for (const [key, port] of Object.entries({ healthPort, metricsPort })) {
        const owner = agent.hostNetwork && TAKEN_PORTS[port];
        if (owner) {
            yield `spire.agent.${key} = ${port}: agents share the node's network, where the port is that of ${owner}; choose another`;
        }
    }
    if (agent.rebootstrapMode === "never" && agent.rebootstrapDelay !== undefined) {
        yield `spire.agent.rebootstrapDelay = "${agent.rebootstrapDelay}": does nothing with rebootstrapMode = "never"; remove it`;
    }
    if (agent.unixAttestor?.sha256MaxSize !== undefined && !agent.unixAttestor.discoverPath) {
        yield `spire.agent.unixAttestor.sha256MaxSize = "${agent.unixAttestor.sha256MaxSize}": SPIRE reads the program where discoverPath has found it; set discoverPath to true, or remove it`;
    }
    if (availabilityTarget === undefined) return;
    const at = `spire.agent.availabilityTarget = "${availabilityTarget}"`;
    const target = durationSeconds(availabilityTarget);
    if (target < 24 * HOUR) yield `${at}: SPIRE asks for 24h or more; use 24h, or remove it`;
    else if (durationSeconds(server.x509SvidTtl) < target + 12 * HOUR) {
        yield `${at}: SPIRE ignores it unless SVIDs live 12h longer (spire.server.x509SvidTtl = "${server.x509SvidTtl}"); lengthen x509SvidTtl, or remove it`;
    }
}
