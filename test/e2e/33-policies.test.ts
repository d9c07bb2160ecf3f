/**
 * examples/policies with real packets: each policy lets its clients in, and refuses others for the reason that
 * examples/policies/scenes.ts gives, as Cilium's own record of drops and of authenticated pairs has it.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Entry, poll } from "@cilium-spire/entries-provider";
import { parse } from "yaml";
import { authMap } from "../../doctor/proof/pods";
import { type Attempt, type Outcome, type Scene, SCENES } from "../../examples/policies/scenes";
import { repositoryRoot } from "../../sandbox/host/paths";
import { DropMonitor } from "../support/drops";
import { kubectl, PolicyCast } from "../support/policyCast";
import { unregister } from "../support/unregistered";
import { nodeNames, spireServer, world, type World } from "../support/world";

const scenes: Record<string, Scene> = SCENES;
const fileOf = (name: string) => join(repositoryRoot, "examples/policies", `${name}.yaml`);
const LABELS = { returns: { "mutual-auth": "required" } };
/** Until a new identity has its SVID on all nodes. */
const FIRST_PACKET_MS = 60_000;
const REASONS = { unregistered: "Authentication required", unnamed: "Policy denied" } as const;

let state: World;
let cast: PolicyCast;
let monitor: DropMonitor;
let removed: Entry[] = [];

before(async () => {
    state = await world();
    cast = PolicyCast.of(state.cluster, Object.values(scenes));
    await cast.makeNamespaces(LABELS);
    await kubectl(["apply", ...Object.keys(scenes).flatMap((name) => ["-f", fileOf(name)])]);
    [monitor] = await Promise.all([DropMonitor.start(), cast.makePods()]);
});
after(async () => {
    monitor.stop();
    await kubectl(["delete", "--ignore-not-found", "-f", fileOf("clusterwide")]);
    await cast.removeNamespaces();
});

const attempts = (...outcomes: Outcome[]) =>
    Object.values(scenes)
        .flatMap((scene) => scene.attempts)
        .filter(({ outcome }) => outcomes.includes(outcome));
const nameOf = ({ from, to, port }: Attempt) => `${from} to ${to}:${port}`;

describe("policies", () => {
    test("are valid for Cilium, but for the HTTP rule, which it ignores as a whole without its proxy", async () => {
        const conditions = await poll<Map<string, unknown>>(30_000, "Cilium's word", async () => {
            const found = await validity();
            const unread = [...found].filter(([, said]) => said === undefined).map(([key]) => key);
            return unread.length === 0 ? { done: found } : { waitingFor: unread.join(", ") };
        });
        const http = "L7 policy is not supported since L7 proxy is not enabled";
        assert.equal(conditions.get("search/http"), http);
        conditions.delete("search/http");
        assert.deepEqual([...new Set(conditions.values())], ["True"]);
        assert.equal(conditions.size, 8);
        // Not only those that it names: everybody, as if there were no policy.
        for (const attempt of scenes.http!.attempts) {
            assert.equal(await cast.connects(attempt), true, nameOf(attempt));
        }
    });

    test("let in who is named and registered, and what is exempt", async () => {
        await applyWithoutHttpRules();
        removed = await unregister(state, cast);
        const seconds = await allConnect(attempts("authenticated", "exempt"));
        console.log(`all passed within ${seconds} s`);
    });

    test("refuse who is registered but not named, and who is named but not registered", async () => {
        const refused = attempts("unregistered", "unnamed");
        await Promise.all(refused.map(staysRefused));
        for (const attempt of refused) {
            const reason = REASONS[attempt.outcome as keyof typeof REASONS];
            const [from, to] = [attempt.from, attempt.to].map((key) => cast.identity(key)!);
            const drop = { reason, from: from!, to: to!, port: attempt.port };
            assert.ok(monitor.saw(drop), `no drop "${reason}" of ${nameOf(attempt)}`);
            console.log(`${nameOf(attempt)}: ${reason}`);
        }
    });

    test("leave a record of those that were authenticated, and of nobody else", async () => {
        const maps = await Promise.all(
            nodeNames(state).map((node) => authMap(state.cluster, node)),
        );
        const pairs = new Set(
            maps.flat().map(({ LocalIdentity: a, RemoteIdentity: b }) => pairOf(a, b)),
        );
        for (const attempt of attempts("authenticated", "exempt", "unregistered", "unnamed")) {
            const [from, to] = [cast.identity(attempt.from), cast.identity(attempt.to)];
            if (from === undefined || to === undefined) continue;
            const recorded = pairs.has(pairOf(from, to));
            assert.equal(recorded, attempt.outcome === "authenticated", nameOf(attempt));
        }
    });

    test("let in those who were not registered, once they are", async () => {
        const server = await spireServer(state);
        assert.deepEqual(await server.create(removed), []);
        const seconds = await allConnect(attempts("unregistered"));
        console.log(`all passed within ${seconds} s of their registration`);
    });
});

/** What Cilium says of each policy: `True`, or why it is not valid. */
async function validity(): Promise<Map<string, string | undefined>> {
    interface Policy {
        metadata: { name: string; namespace?: string };
        status?: { conditions?: { type: string; status: string; message: string }[] };
    }
    const kinds = "ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies";
    const list = await kubectl(["get", kinds, "-A", "-o", "json"]);
    const { items } = JSON.parse(list) as { items: Policy[] };
    const ours = items.filter(
        ({ metadata: { namespace } }) =>
            namespace === undefined || cast.namespaces.includes(namespace),
    );
    return new Map(
        ours.map(({ metadata: { namespace, name }, status }) => {
            const valid = status?.conditions?.find(({ type }) => type === "Valid");
            const said = valid?.status === "False" ? valid.message : valid?.status;
            return [namespace === undefined ? name : `${namespace}/${name}`, said];
        }),
    );
}

/** The policy as this sandbox, which has no Envoy, can enforce it: all but the requests' methods and paths. */
async function applyWithoutHttpRules(): Promise<void> {
    const policy = parse(await readFile(fileOf("http"), "utf8")) as {
        spec: { ingress: { toPorts: { rules?: object }[] }[] };
    };
    for (const { toPorts } of policy.spec.ingress) for (const port of toPorts) delete port.rules;
    await kubectl(["apply", "-f", "-"], [policy]);
    await poll(30_000, "the policy without HTTP rules", async () => {
        const said = (await validity()).get("search/http");
        return said === "True" ? { done: true } : { waitingFor: said ?? "Cilium's word" };
    });
}

/** The first packet of a pair is always dropped; that the others are, too, is what counts. */
async function staysRefused(attempt: Attempt): Promise<void> {
    for (let i = 0; i < 3; i++) {
        assert.equal(await cast.connects(attempt), false, nameOf(attempt));
    }
}

/** @returns seconds until the last one did. */
async function allConnect(wanted: Attempt[]): Promise<string> {
    assert.ok(wanted.length > 0);
    const start = Date.now();
    await Promise.all(
        wanted.map((attempt) =>
            poll(FIRST_PACKET_MS, `connection of ${nameOf(attempt)}`, async () =>
                (await cast.connects(attempt)) ? { done: true } : { waitingFor: "refused" },
            ),
        ),
    );
    return ((Date.now() - start) / 1000).toFixed(1);
}

const pairOf = (a: number, b: number) => [a, b].sort((x, y) => x - y).join(" ");
