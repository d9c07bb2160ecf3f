/** Two clusters as a fleet, each with a trust domain of its own, and workloads of each that trust one of the other. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { removeCluster, startCluster } from "../../sandbox/cluster";
import { node } from "../../sandbox/host/instance";
import { joinNetworks } from "../../sandbox/nodes/router";
import { type Ended, FleetProject, STACKS, type StackName } from "../support/fleet";
import { greeterEntries, greeterId, Greeters } from "../support/greeters";
import { secondSandbox } from "../support/sandbox";
import { spireCommand } from "../support/spireCommand";
import { kubectl, openPlatform, sandbox, upThenQuiet, world, type World } from "../support/world";

const BUNDLE_PORT = 30443;
const WAVES = STACKS.map((stack) => [stack]);
/** By stack. */
const DOMAINS = { dev: "demo.local", other: "other.test" };
const SANDBOXES = { dev: sandbox, other: secondSandbox };
const PEERS: Record<StackName, StackName> = { dev: "other", other: "dev" };
const ID = { dev: greeterId(DOMAINS.dev, "greeter"), other: greeterId(DOMAINS.other, "greeter") };

let state: World;
let dir: string;
let project: FleetProject;
let greeters: Record<StackName, Greeters>;

before(async () => {
    state = await world();
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-fleet-"));
    const devFile = join(state.platform.workspace.workDir, "Pulumi.dev.yaml");
    [project] = await Promise.all([
        FleetProject.make(dir, devFile),
        startCluster(secondSandbox, { variant: "single" }),
    ]);
    await joinNetworks(sandbox, secondSandbox);
});
after(async () => {
    await removeCluster(secondSandbox);
    await project.forget();
    await rm(dir, { recursive: true, force: true });
});

describe("a fleet of two clusters", () => {
    test("is refused as a whole when the preview of one stack is, and nothing is changed", async () => {
        await configure([]);
        const images = { pullSecrets: ["absent"] };
        await project.configure("other", { ...OTHER, "cilium-spire:images": images });
        const { code, output } = await project.fleet("up", WAVES);
        assert.equal(code, 2, output);
        assert.match(output, /^dev {3}\| .*\d+ to create/m);
        assert.match(output, /^other \| images\.pullSecrets: .*\/absent does not exist/m);
        assert.match(output, /the preview failed of other; nothing was changed/);
        const services = await kubectl("-n spire-system get services -o name");
        assert.doesNotMatch(services, /bundle-endpoint/);
    });

    test("comes up wave after wave, the second when the first is healthy", async () => {
        await configure([]);
        const ended = await project.fleet("up", WAVES);
        assert.equal(ended.code, 0, ended.output);
        inOrder(ended, [
            /^wave 1 of 2: dev$/m,
            /^dev {3}\| healthy: \d+ checks/m,
            /^wave 2 of 2: other$/m,
            /^other \| healthy: \d+ checks/m,
            /^healthy: dev, other$/m,
        ]);
        const start = async (stack: StackName, index: number, more: string[]) =>
            await Greeters.start(SANDBOXES[stack], index, ["greeter", ...more], ID[PEERS[stack]]);
        const [dev, other] = await Promise.all([start("dev", 2, ["loner"]), start("other", 1, [])]);
        greeters = { dev, other };
    });

    test("stops at an up that fails: SPIRE knows no bundle of the other trust domain yet", async () => {
        await greeters.dev.hears(
            /no X\.509 bundle .*other\.test/,
            "greeter",
            secondSandbox,
            ID.other,
        );
        await configure(["greeter"]);
        const { code, output } = await project.fleet("up", WAVES);
        assert.equal(code, 1, output);
        assert.match(
            output,
            /^dev: the up failed\n( {4}.*\n)* {4}.*\.greeter: .*unable to find federated bundle/m,
        );
        assert.match(output, /spire-server bundle set -id spiffe:\/\/other\.test/);
        assert.match(output, /^not touched: other$/m);
    });

    test("federates when the bundles were exchanged: workloads of both greet each other", async () => {
        for (const [stack, peer] of Object.entries(PEERS) as [StackName, StackName][]) {
            const bundle = await inServer(stack, ["bundle", "show", "-format", "spiffe"]);
            const of = ["-id", `spiffe://${DOMAINS[stack]}`];
            await inServer(peer, ["bundle", "set", ...of, "-format", "spiffe"], bundle);
        }
        const { code, output } = await project.fleet("up", WAVES);
        assert.equal(code, 0, output);
        for (const [stack, peer] of Object.entries(PEERS) as [StackName, StackName][]) {
            const heard = new RegExp(`^you are ${ID[stack]}$`, "m");
            await greeters[stack].hears(heard, "greeter", SANDBOXES[peer], ID[peer]);
        }
    });

    test("trusts nobody else: neither a workload without federatesWith nor another ID", async () => {
        const loner = await greeters.dev.call("loner", secondSandbox, ID.other);
        assert.match(loner, /no X\.509 bundle .*other\.test/);
        const stranger = greeterId(DOMAINS.other, "stranger");
        const surprised = await greeters.dev.call("greeter", secondSandbox, stranger);
        assert.match(
            surprised,
            /unexpected ID "spiffe:\/\/other\.test\/ns\/greeting\/sa\/greeter"/,
        );
    });

    test("fetches each other's new CA from the endpoint in the other cluster", async () => {
        for (const [stack, peer] of Object.entries(PEERS) as [StackName, StackName][]) {
            const of = ["-id", `spiffe://${DOMAINS[stack]}`];
            const known = async () => {
                const list = ["bundle", "list", ...of, "-format", "spiffe"];
                const { keys } = JSON.parse(await inServer(peer, list)) as Bundle;
                return keys.filter(({ use }) => use === "x509-svid").length;
            };
            const before = await known();
            await inServer(stack, ["localauthority", "x509", "prepare"]);
            await inServer(peer, ["federation", "refresh", ...of]);
            assert.equal(await known(), before + 1);
        }
    });

    test("stops at the gate when a cluster of the first wave is not healthy", async () => {
        const scale = "-n kube-system scale deployment/cilium-operator --replicas";
        await kubectl(`${scale}=0`);
        const { code, output } = await project.fleet("up", WAVES, "--wait", "5");
        await kubectl(`${scale}=1`);
        assert.equal(code, 1, output);
        assert.match(output, /^other \| nothing would change; \d+ unchanged$/m);
        assert.match(output, /^dev: is up, but not healthy\n( {4}.*\n)* +WRONG +cilium-operator/m);
        assert.match(output, /^not touched: other$/m);
    });

    test("leaves nothing of it on the first cluster when it is taken out of the configuration", async () => {
        await greeters.dev.stop();
        const bundle = ["bundle", "delete", "-id", `spiffe://${DOMAINS.other}`];
        state.platform = await openPlatform();
        await upThenQuiet(state);
        await inServer("dev", bundle);
        await state.demo.waitUntilConnected(60_000);
    });
});

interface Bundle {
    keys: { use: string }[];
}

const OTHER = {
    "cilium-spire:trustDomain": DOMAINS.other,
    "cilium-spire:clusterName": "outpost",
    "cilium-spire:kubeconfig": secondSandbox.kubeconfig,
};

/** Writes both stack files: the trust domains federate, and these workloads trust the other one. */
async function configure(trusting: string[]): Promise<void> {
    for (const stack of STACKS) {
        const peer = PEERS[stack];
        const accounts = stack === "dev" ? ["greeter", "loner"] : ["greeter"];
        const trusts = accounts.map((account) => [
            account,
            trusting.includes(account) ? [DOMAINS[peer]] : [],
        ]);
        await project.configure(stack, {
            ...(stack === "other" && OTHER),
            "cilium-spire:spire": { server: { federation: federationWith(peer) } },
            "cilium-spire:workloads": greeterEntries(
                Object.fromEntries(trusts) as Record<string, string[]>,
            ),
        });
    }
}

function federationWith(peer: StackName): object {
    const service = { type: "NodePort", nodePort: BUNDLE_PORT };
    return {
        bundleEndpoint: { profile: "https_spiffe", service },
        federatesWith: {
            [DOMAINS[peer]]: {
                profile: "https_spiffe",
                url: `https://${node(SANDBOXES[peer], 1).ip}:${BUNDLE_PORT}`,
                endpointSpiffeId: `spiffe://${DOMAINS[peer]}/spire/server`,
            },
        },
    };
}

/** In the server of a stack; all have the same names. */
async function inServer(stack: StackName, args: string[], stdin?: string): Promise<string> {
    const { namespace, container } = state.outputs.spireServer;
    const cluster = new Cluster({ kubeconfig: SANDBOXES[stack].kubeconfig });
    return await spireCommand(
        cluster,
        { namespace, container, pod: "spire-server-0" },
        args,
        stdin,
    );
}

/** Each pattern is found after the one before it. */
function inOrder({ output }: Ended, patterns: RegExp[]): void {
    let rest = output;
    for (const pattern of patterns) {
        const found = pattern.exec(rest);
        assert.ok(found, `${pattern.source} is not in, or not in its order:\n${output}`);
        rest = rest.slice(found.index);
    }
}
