/** The command `enforce` with the policies of one namespace, as tests run it and look at what it does. */
import { writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import { BEFORE_TRIAL } from "../../components/names";
import type { Scene } from "../../examples/policies/scenes";
import type { LivePolicy } from "../../doctor/checks/policyObjects";
import { repositoryRoot } from "../../sandbox/host/paths";
import { kubectl, PolicyCast } from "./policyCast";
import { world } from "./world";

export const NAMESPACE = "enforced";

/** Clients of the namespace reach these pods, once they have authenticated, or just so. */
export function policy(name: string, app: string, required: boolean) {
    const authentication = required && { authentication: { mode: "required" } };
    return {
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name, namespace: NAMESPACE },
        spec: {
            endpointSelector: { matchLabels: { app } },
            ingress: [{ fromEndpoints: [{ matchLabels: {} }], ...authentication }],
        },
    };
}
export const REQUIRED = policy("required", "server", true);
export const OF_OTHER = policy("of-other", "other", true);
export const WITHOUT = policy("required", "server", false);

/** Makes the pods of a scene in the namespace, whose `server` is at the URL, and a folder for files of policies. */
export async function openScene(scene: Scene) {
    const state = await world();
    const cast = PolicyCast.of(state.cluster, [scene]);
    const dir = await mkdtemp(join(tmpdir(), "enforce-"));
    await cast.makeNamespaces({});
    await cast.makePods();
    return { state, cast, dir, url: `http://${cast.address(`${NAMESPACE}/server`)}:8080/hostname` };
}

/** Starts the command, for the stack `dev`, with a file of these policies in a folder; without any, without a file. */
export function enforce(dir: string, objects: object[], ...options: string[]) {
    return enforceAt(["dev"], dir, objects, ...options);
}

/** The same for a place that these words name. */
export function enforceAt(place: string[], dir: string, objects: object[], ...options: string[]) {
    const file = join(dir, "policies.yaml");
    writeFileSync(file, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    const given = objects.length > 0 ? ["--file", file] : [];
    const line = [join(repositoryRoot, "cli", "run.js"), "enforce", ...place, ...given, ...options];
    return execa("node", line, { cwd: repositoryRoot, reject: false, timeout: 240_000 });
}

/** The policy in the namespace, as it is on the cluster. */
export async function live(name = "required"): Promise<LivePolicy | undefined> {
    const get = ["-n", NAMESPACE, "get", "ciliumnetworkpolicy", name, "--ignore-not-found"];
    const text = await kubectl([...get, "--show-managed-fields", "-o", "json"]);
    return text === "" ? undefined : (JSON.parse(text) as LivePolicy);
}

/** Waits until the policy is on trial. */
export async function applied(): Promise<void> {
    await poll(60_000, "policy on trial", async () => {
        const found = (await live())?.metadata.annotations?.[BEFORE_TRIAL];
        return found === undefined ? { waitingFor: "it is not applied" } : { done: true };
    });
}
