/** `cilium-spire observe` under traffic: whom it names is refused once authentication is required, and nobody else. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import type { Entry } from "@cilium-spire/entries-provider";
import { execa } from "execa";
import type { Forecast } from "../../doctor/traffic/forecast";
import { nodeNamed } from "../../sandbox/host/instance";
import { repositoryRoot } from "../../sandbox/host/paths";
import { asNode } from "../../sandbox/nodes/nodes";
import { kubectl, PolicyCast } from "../support/policyCast";
import { TIMEOUT_MS } from "../support/requests";
import {
    type Client,
    reportOf,
    startClient,
    startClientIn,
    untilTheLast,
} from "../support/traffic";
import { unregister } from "../support/unregistered";
import { nodeNames, sandbox, spireServer, world, type World } from "../support/world";

const NAMESPACE = "observed";
const SCENE = {
    pods: {
        "observed/server": { ports: [8080] },
        "observed/client": {},
        "observed/unregistered": { registered: false as const },
    },
    attempts: [],
};
/** Lets all pods in, as before. */
const OLD_RULE = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "old", namespace: NAMESPACE },
    spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
};
const POLICY = {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "required", namespace: NAMESPACE },
    spec: {
        endpointSelector: { matchLabels: {} },
        ingress: [
            { fromEndpoints: [{ matchLabels: {} }], authentication: { mode: "required" } },
            { fromEntities: ["remote-node"], authentication: { mode: "required" } },
        ],
    },
};
const LOOK_MS = 8_000;

let state: World;
let cast: PolicyCast;
let url: string;
let removed: Entry[] = [];
const clients: Partial<Record<"client" | "unregistered" | "node", Client>> = {};

before(async () => {
    state = await world();
    cast = PolicyCast.of(state.cluster, [SCENE]);
    await cast.makeNamespaces({});
    await cast.makePods();
    url = `http://${cast.address("observed/server")}:8080/hostname`;
    for (const app of ["client", "unregistered"] as const) {
        clients[app] = await startClientIn(state.cluster, NAMESPACE, app, url);
    }
});
after(async () => {
    await Promise.all(Object.values(clients).map((client) => client.stop()));
    // The identity outlives its pod, and others ask whether all identities are registered.
    assert.deepEqual(await (await spireServer(state)).create(removed), []);
    await cast.removeNamespaces();
});

describe("observe", () => {
    test("says that nobody would be refused while all are registered and no node calls", async () => {
        const { exitCode, stdout, stderr } = await observe(NAMESPACE, "3");
        assert.equal(exitCode, 0, stdout + stderr);
        assert.match(
            stdout,
            /^Nobody would be refused, of 3 pairs by connections to 3 pods within 3 s\.$/m,
        );
    });

    test("writes policies by which those who connect are let in and authenticate", async () => {
        const file = join(await mkdtemp(join(tmpdir(), "observe-")), "policies.yaml");
        const write = ["--write", file];
        const { exitCode, stderr } = await observe(NAMESPACE, "3", ...write);
        assert.equal(exitCode, 0, stderr);
        assert.match((await observe(NAMESPACE, "0", ...write)).stderr, /is there already/);
        const limits = ["--look", "3", "--watch", "6"];
        const tried = await cliOf("enforce", "dev", "--file", file, ...limits);
        assert.equal(tried.exitCode, 0, tried.stdout + tried.stderr);
        assert.match(
            tried.stdout,
            /^kept +observed\/authenticated-server: nobody was refused .*, 2 pairs of/m,
        );
        await kubectl(["delete", "-f", file]);
        await rm(dirname(file), { recursive: true });
    });

    test("names who would be refused, and why, while nobody asks", async () => {
        removed = await unregister(state, cast);
        clients.node = startClient(url, await onAnotherNode());
        const { exitCode, stdout, stderr } = await observe(NAMESPACE, "5", "--json");
        assert.equal(exitCode, 1, stderr);
        const { ready, forecasts } = JSON.parse(stdout) as {
            ready: boolean;
            forecasts: Forecast[];
        };
        assert.equal(ready, false);
        const found = forecasts.map(
            ({ verdict, from, to, port, why }) =>
                `${verdict}: ${from.name} to ${to.name}:${port}, ${why}`,
        );
        console.log(found.join("\n"));
        const never = "which can never authenticate; name it in a rule without authentication";
        const id = cast.identity("observed/unregistered")!;
        assert.deepEqual(found, [
            `refused: observed/unregistered to observed/server:8080, its identity ${id} has no registration entry`,
            `refused: remote-node to observed/server:8080, a reserved identity, ${never}`,
            "passes: observed/client to observed/server:8080, both sides are registered",
            "exempt: host to observed/server:8080, the pod's own node, such as the kubelet's probes",
        ]);
    });

    test("is borne out: they are refused when authentication is required, and nobody else", async () => {
        await kubectl(["apply", "-f", "-"], [OLD_RULE, POLICY]);
        await untilTheLast(clients.unregistered!, "lost");
        const required = await look();
        assert.equal(required.unregistered.answered + required.node.answered, 0);
        assert.ok(required.client.answered > 0);
        assert.equal(required.client.lost + required.client.refused, 0);
        const both = ["ciliumnetworkpolicy/required", "networkpolicy/old"];
        await kubectl(["delete", "-n", NAMESPACE, ...both]);
        await untilTheLast(clients.unregistered!, "answered");
        const free = await look();
        for (const { answered, sent } of Object.values(free)) assert.equal(answered, sent);
    });

    test("names what must never require authentication", async () => {
        const { exitCode, stdout } = await observe("kube-system", "0");
        assert.equal(exitCode, 1, stdout);
        assert.match(
            stdout,
            /^kube-system must never require authentication: .* \(Cilium, DNS\)\.$/m,
        );
    });
});

async function observe(namespace: string, seconds: string, ...more: string[]) {
    return await cliOf("observe", "dev", "--namespace", namespace, "--for", seconds, ...more);
}

async function cliOf(...line: string[]) {
    const program = join(repositoryRoot, "cli", "run.js");
    const options = { cwd: repositoryRoot, reject: false, timeout: 120_000 } as const;
    return await execa("node", [program, ...line], options);
}

/** What becomes of the requests of some seconds, by client. */
async function look() {
    const from = Date.now();
    await setTimeout(LOOK_MS);
    const to = Date.now();
    await setTimeout(TIMEOUT_MS + 500);
    const of = (name: keyof typeof clients) => reportOf([clients[name]!.fates], from, to);
    const found = {
        client: of("client"),
        unregistered: of("unregistered"),
        node: of("node"),
    };
    console.log(
        Object.entries(found)
            .map(([name, { sent, answered }]) => `${name}: ${answered} of ${sent} answered`)
            .join(", "),
    );
    return found;
}

/** Words before a command that run it in the network of a node where the server is not. */
async function onAnotherNode(): Promise<string[]> {
    const where = ["-n", NAMESPACE, "get", "pod", "server", "-o", "jsonpath={.spec.nodeName}"];
    const home = await kubectl(where);
    // One that has no other role: the control plane's is that of the API server.
    const other = nodeNames(state).find((node) => node !== home && node.includes("worker"))!;
    const words = await asNode(nodeNamed(sandbox, other), []);
    const pid = words.find((word) => word.startsWith("--target="))!.slice("--target=".length);
    return ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
}
