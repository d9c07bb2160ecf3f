/** The rules that span the keys of a workload, or several workloads: entries that SPIRE would refuse, and rights by a back door. */
import { keyText, shorten } from "./show";
import { installsSpire, type InstallStack, type Settings } from "./schema";
import { ttlProblem } from "./spire/rules";
import { trustDomainOf } from "./words";
import { OIDC_PROVIDER_WORKLOAD, RESERVED_PATH, type WorkloadSettings } from "./workloads";

type Problems = Generator<string>;
/** A workload with its key as messages show it. */
type Named = [shown: string, workload: WorkloadSettings];

/** The paths that adminIds and workloads must not have: what holds them is someone else, or many. */
function isReserved(path: string, { cilium, spire }: Settings): boolean {
    const delegate = spire.mode === "external" ? spire.agent.delegate : undefined;
    const operator = `/ns/${cilium.namespace}/sa/cilium-operator`;
    return RESERVED_PATH.test(path) || path === operator || path === delegate;
}

export function* workloadProblems(settings: Settings): Problems {
    const workloads = Object.entries(settings.workloads);
    yield* adminIdProblems(settings);
    yield* duplicates(workloads.map(([key, each]) => [keyText(["workloads", key]), each]));
    if (
        settings.spire.mode === "install" &&
        settings.spire.oidcDiscoveryProvider &&
        OIDC_PROVIDER_WORKLOAD in settings.workloads
    ) {
        yield `${keyText(["workloads", OIDC_PROVIDER_WORKLOAD])}: is the key of the entry that spire.oidcDiscoveryProvider makes for itself; choose another`;
    }
    const rights = rightsOf(settings);
    for (const [key, workload] of workloads) {
        const at = (...path: string[]) => keyText(["workloads", key, ...path]);
        const { path, federatesWith, dnsNames } = workload;
        // What RESERVED_PATH has, the schema has refused.
        if (isReserved(path, settings)) {
            yield `${at("path")} = "${path}": is the identity of Cilium's own; choose another`;
        }
        if ("alias" in workload.parent && workload.parent.alias === path) {
            yield `${at("parent", "alias")} = "${path}": is the workload itself, so no agent would ever issue it; name the alias of its agents`;
        }
        if (federatesWith.includes(settings.trustDomain)) {
            yield `${at("federatesWith")}: ${settings.trustDomain} is the own trust domain, whose bundle every workload gets; remove it`;
        }
        if (installsSpire(settings)) yield* serverProblems(at, workload, settings);
        const covered = dnsNames.find(
            (name) => !name.startsWith("*") && dnsNames.includes(name.replace(/^[^.]*/, "*")),
        );
        if (covered !== undefined) {
            yield `${at("dnsNames")}: ${covered} is one of those that the wildcard name stands for, which SPIRE refuses to sign; remove one of the two`;
        }
        yield* selectorProblems(at, workload, settings);
        yield* rightProblems(at, workload, rights);
    }
}

/** What a server of this program does not do, or does otherwise. */
function* serverProblems(
    at: At,
    workload: WorkloadSettings,
    { spire: { server }, trustDomain }: InstallStack,
): Problems {
    // SPIRE refuses entries that federate with whom it has no bundle of (sqlstore.go, makeFederatesWith).
    const known = server.federation?.federatesWith ?? {};
    const stranger = workload.federatesWith.find((d) => d !== trustDomain && !(d in known));
    if (stranger !== undefined) {
        yield `${at("federatesWith")}: the server fetches no bundle of ${stranger}; add it to spire.server.federation.federatesWith, or remove it here`;
    }
    for (const name of ["x509SvidTtl", "jwtSvidTtl"] as const) {
        const problem = workload[name] && ttlProblem(workload[name], server);
        if (problem) yield `${at(name)} = "${workload[name]}": ${problem}`;
    }
}

function* adminIdProblems(settings: Settings): Problems {
    for (const id of adminIdsOf(settings)) {
        const path = id.slice(`spiffe://${trustDomainOf(id)}`.length);
        if (!isReserved(path, settings)) continue;
        yield `spire.server.adminIds: ${shorten(id, 200)} is an ID of SPIRE or Cilium, which every node may hold; remove it`;
    }
}

/** Those of another's server are not known. */
function adminIdsOf({ spire }: Pick<Settings, "spire">): string[] {
    return spire.mode === "install" ? spire.server.adminIds : [];
}

/** SPIRE takes one entry for a SPIFFE ID, a parent and a set of selectors. */
export function* duplicates(workloads: Named[]): Problems {
    const same = new Map<string, Named[]>();
    for (const [shown, workload] of workloads) {
        const id = JSON.stringify([workload.path, workload.selectors.toSorted()]);
        const twin = same.get(id)?.find(([, other]) => canMeet(workload.parent, other.parent));
        if (twin) {
            yield `${shown}: has the path, the selectors and nodes of ${twin[0]}, and SPIRE takes such an entry once; remove one`;
        }
        same.set(id, [...(same.get(id) ?? []), [shown, workload]]);
    }
}

type Parent = WorkloadSettings["parent"];

function canMeet(a: Parent, b: Parent): boolean {
    if ("alias" in a || "alias" in b) return "alias" in a && "alias" in b && a.alias === b.alias;
    return Object.entries(a.nodeLabels).every(
        ([label, value]) => (b.nodeLabels[label] ?? value) === value,
    );
}

/** Every selector that SPIRE's k8s attestor gives as our agents run it (k8s.go, getSelectorValuesFromPodInfo). */
export const K8S_SELECTOR =
    /^k8s:((ns|sa|node-name|pod-uid|pod-name|pod-image|pod-init-image|container-name|container-image):[^:]|pod(-init)?-image-count:\d+$|pod-label:[^:]+:|pod-owner(-uid)?:[^:]+:[^:])/;

/** Selectors that a pod of Cilium's has, or may have. */
function fitsCilium(selector: string, { cilium }: Settings): boolean {
    const [, attestor, kind, value = ""] = /^([^:]+):([^:]+):(.*)$/s.exec(selector) ?? [];
    if (attestor === "unix") return /id$/.test(kind!) ? value === "0" : value.includes("cilium");
    if (kind === "ns") return value === cilium.namespace;
    if (kind === "sa") return ["cilium", "cilium-operator"].includes(value);
    if (kind === "node-name" || kind?.endsWith("-count")) return true;
    return value.includes("cilium");
}

type At = (...path: string[]) => string;

function* selectorProblems(at: At, workload: WorkloadSettings, settings: Settings): Problems {
    const { parent, selectors } = workload;
    const problem =
        ("alias" in parent ? undefined : foreignProblem(selectors, settings)) ??
        unixProblem(workload, settings);
    if (problem !== undefined) {
        yield `${at("selectors")}: ${problem}`;
        return;
    }
    const unknown = selectors.find((s) => s.startsWith("k8s:") && !K8S_SELECTOR.test(s));
    if (unknown !== undefined) {
        yield `${at("selectors")}: SPIRE's k8s attestor never gives ${shorten(unknown, 200)}; use ns, sa, pod-label:KEY:VALUE, pod-name, pod-owner:KIND:NAME, container-name, container-image, ...`;
    } else if (selectors.every((selector) => fitsCilium(selector, settings))) {
        yield `${at("selectors")}: a pod of Cilium's has them too, and would get this identity beside its own; add the namespace or the service account of the workload`;
    }
}

/** What is wrong with selectors of attestors that our agents do not run. */
function foreignProblem(selectors: string[], { spire }: Settings): string | undefined {
    const unix = spire.mode === "install" && spire.agent.unixAttestor !== undefined;
    const foreign = selectors.find(
        (s) => !s.startsWith("k8s:") && !(unix && s.startsWith("unix:")),
    );
    if (foreign === undefined) return undefined;
    const remedy =
        spire.mode === "install" && foreign.startsWith("unix:")
            ? "set spire.agent.unixAttestor, "
            : "";
    const attestors = unix ? "k8s and unix" : "k8s";
    return `no agent of this program gives ${shorten(foreign, 200)}: they attest by ${attestors} alone; ${remedy}use k8s selectors, or hang the entry under agents of your own with parent.alias`;
}

/** Every selector of SPIRE's unix attestor that needs no names (unix_posix.go, Attest). */
const UNIX_SELECTOR = /^unix:((uid|gid|supplementary_gid):\d+|path:\/.*|sha256:[0-9a-f]{64})$/s;

/** What is wrong with `unix` selectors that our own agents give: they, or the cluster, would make them untrue. */
function unixProblem(
    { parent, selectors }: WorkloadSettings,
    { spire }: Settings,
): string | undefined {
    const unix = selectors.filter((selector) => selector.startsWith("unix:"));
    if (unix.length === 0 || "alias" in parent || spire.mode !== "install") return undefined;
    const unknown = unix.find((selector) => !UNIX_SELECTOR.test(selector));
    if (unknown !== undefined) {
        return `the agents' unix attestor never gives ${shorten(unknown, 200)}: users and groups have no names in the agent's image; use uid:NUMBER, gid:NUMBER, supplementary_gid:NUMBER, path:/PATH, or sha256: and 64 hexadecimal digits`;
    }
    const { discoverPath, sha256MaxSize } = spire.agent.unixAttestor!;
    const lacks = (key: string, selector: string) =>
        `no agent gives ${shorten(selector, 200)} without spire.agent.unixAttestor.${key}; set it, or use other selectors`;
    const path = unix.find((selector) => selector.startsWith("unix:path:"));
    if (path !== undefined && !discoverPath) return lacks("discoverPath", path);
    const digest = unix.find((selector) => selector.startsWith("unix:sha256:"));
    if (digest !== undefined && sha256MaxSize === undefined) return lacks("sha256MaxSize", digest);
    const placed = selectors.some((selector) => selector.startsWith("k8s:ns:"));
    if (!placed && Object.keys(parent.nodeLabels).length === 0) {
        return "whoever may make a pod in any namespace can have such a user and such a program; add k8s:ns, or for a process of the nodes themselves name these with parent.nodeLabels";
    }
    return undefined;
}

/** The paths with a right. SPIRE looks at the ID alone, so whoever holds it by another entry has the right too. */
function rightsOf({ workloads, trustDomain, spire }: Settings): Map<string, string> {
    const own = adminIdsOf({ spire }).filter((id) => trustDomainOf(id) === trustDomain);
    return new Map([
        ...Object.values(workloads).flatMap(({ path, downstream }): [string, string][] =>
            downstream ? [[path, "downstream"]] : [],
        ),
        ...own.map((id): [string, string] => [id.slice(`spiffe://${trustDomain}`.length), "admin"]),
        ...Object.values(workloads).flatMap(({ path, admin }): [string, string][] =>
            admin ? [[path, "admin"]] : [],
        ),
    ]);
}

function* rightProblems(
    at: At,
    { path, parent, selectors }: WorkloadSettings,
    rights: Map<string, string>,
): Problems {
    const right = rights.get(path);
    if (right === undefined) return;
    // Every agent under which an entry hangs can issue the identity itself: one stolen node has the right.
    const everywhere =
        "alias" in parent
            ? RESERVED_PATH.test(parent.alias) && parent.alias !== "/cilium-operator-nodes"
            : Object.keys(parent.nodeLabels).length === 0;
    if (everywhere) {
        yield `${at("parent")}: an identity with the right "${right}" must not hang under every node; name the nodes with parent.nodeLabels`;
    }
    if (!["k8s:ns:", "k8s:sa:"].every((start) => selectors.some((s) => s.startsWith(start)))) {
        yield `${at("selectors")}: an identity with the right "${right}" needs a k8s:ns and a k8s:sa selector; add them`;
    }
}
