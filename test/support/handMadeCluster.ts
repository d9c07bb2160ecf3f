/** What guides do by hand to a cluster, step by step, so that Cilium uses a SPIRE that was made by hand. */
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import type { Values } from "../../settings/cilium/values";
import { install } from "./externalSpire";
import { ADMIN_SOCKET, DELEGATE, HAND_MADE, WORKLOAD_SOCKET } from "./handMadeSpire";
import { helm } from "./helm";
import { devConfig } from "./pulumi";
import { kubectl, sandbox } from "./world";

const OPERATOR = "/ns/kube-system/sa/cilium-operator";
const SERVER = ["-n", "spire-system", "exec", "spire-server-0", "-c", "spire-server", "--"];
const PROGRAM = "/opt/spire/bin/spire-server";

/** The values of a release of Cilium with the sandbox's needs, without authentication by SPIRE. */
export async function plainValues(): Promise<Values> {
    const { "cilium-spire:cilium": cilium } = await devConfig();
    const { version: _, values, ...chartValues } = cilium as Record<string, Values>;
    return {
        ...{ ...chartValues, ...values },
        authentication: { enabled: true },
        hubble: { enabled: false },
    };
}

/** Those of a guide's step "configure Cilium's Helm values". */
export async function guideValues(
    serverAddress = "spire-server.spire-system.svc.cluster.local:8081",
): Promise<Values> {
    const spire = {
        enabled: true,
        install: { enabled: false },
        serverAddress,
        trustDomain: "demo.local",
        adminSocketPath: ADMIN_SOCKET,
        agentSocketPath: WORKLOAD_SOCKET,
    };
    return {
        ...(await plainValues()),
        authentication: { enabled: true, mutual: { spire } },
    };
}

/** A cluster with Cilium and SPIRE, which know nothing of each other. */
export async function startByHand(): Promise<void> {
    await helm("install", await plainValues());
    await ciliumRolledOut();
    await install(HAND_MADE);
}

/** The steps by which a guide joins them: Helm's values, a patched DaemonSet, two entries under each agent. */
export async function joinByHand(values: Values): Promise<void> {
    await helm("upgrade", values);
    await patchDaemonSet();
    await kubectl("-n kube-system rollout restart deployment/cilium-operator");
    await ciliumRolledOut();
    for (const agent of await agents()) {
        await entry(DELEGATE, agent, ["k8s:ns:kube-system", "k8s:sa:cilium"]);
        await entry(OPERATOR, agent, ["k8s:ns:kube-system", "k8s:sa:cilium-operator"]);
    }
}

/** What guides forget: under each agent the ID under which Cilium hangs identities, and admin rights for its operator. */
export async function correctByHand(): Promise<void> {
    for (const agent of await agents()) {
        await entry("/cilium-operator", agent, [`by:hand:${agent.split("/").at(-1)!}`]);
    }
    for (const id of await handEntries(OPERATOR)) await server("entry", "delete", "-entryID", id);
    for (const agent of await agents()) {
        await entry(OPERATOR, agent, ["k8s:ns:kube-system", "k8s:sa:cilium-operator"], ["-admin"]);
    }
    await kubectl("-n kube-system rollout restart deployment/cilium-operator");
    await ciliumRolledOut();
}

/** Removes all that was written by hand, after another has taken over. */
export async function forgetByHand(): Promise<void> {
    for (const path of [DELEGATE, OPERATOR, "/cilium-operator"]) {
        for (const id of await handEntries(path)) await server("entry", "delete", "-entryID", id);
    }
}

export async function ciliumRolledOut(): Promise<void> {
    for (const workload of ["daemonset/cilium", "deployment/cilium-operator"]) {
        await kubectl(`-n kube-system rollout status ${workload} --timeout=180s`);
    }
}

async function patchDaemonSet(): Promise<void> {
    const path = "/run/spire/sockets";
    const volume = { name: "spire-workload-socket", hostPath: { path, type: "DirectoryOrCreate" } };
    const mount = { name: "spire-workload-socket", mountPath: path };
    const spec = "/spec/template/spec";
    const patch = [
        { op: "add", path: `${spec}/volumes/-`, value: volume },
        { op: "add", path: `${spec}/containers/0/volumeMounts/-`, value: mount },
    ];
    const words = ["-n", "kube-system", "patch", "daemonset", "cilium", "--type=json"];
    await kubectlOf(sandbox, [...words, "-p", JSON.stringify(patch)]);
}

async function server(...words: string[]): Promise<string> {
    return await kubectlOf(sandbox, [...SERVER, PROGRAM, ...words], { timeoutMs: 60_000 });
}

/** SPIFFE IDs of all agents. */
async function agents(): Promise<string[]> {
    const text = await server("agent", "list");
    return [...text.matchAll(/spiffe:\/\/\S+\/spire\/agent\/\S+/g)].map(([id]) => id);
}

async function entry(
    path: string,
    parent: string,
    selectors: string[],
    more: string[] = [],
): Promise<void> {
    const id = ["-spiffeID", `spiffe://demo.local${path}`, "-parentID", parent];
    const all = selectors.flatMap((selector) => ["-selector", selector]);
    await server("entry", "create", ...id, ...all, ...more);
}

/** IDs of the entries of a SPIFFE ID that SPIRE itself named, as it does where nobody says a name. */
async function handEntries(path: string): Promise<string[]> {
    const id = `spiffe://demo.local${path}`;
    const text = await server("entry", "show", "-spiffeID", id, "-output", "json");
    const { entries = [] } = JSON.parse(text) as { entries?: { id: string }[] };
    return entries.map((one) => one.id).filter((one) => !one.includes(".cilium."));
}
