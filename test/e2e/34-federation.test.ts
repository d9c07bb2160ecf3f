/** A workload that trusts another trust domain, whose SPIRE server somebody else runs. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import { start } from "../support/pulumi";
import {
    bundleUrl,
    inTrustDomain,
    serverId,
    spireCommand,
    type TrustDomain,
    trustDomainObjects,
} from "../support/trustDomain";
import {
    home,
    kubectl,
    openPlatform,
    sandbox,
    upThenQuiet,
    world,
    type World,
} from "../support/world";

const THEIRS: TrustDomain = { name: "other.test", place: "elsewhere" };
const GREETER = "federated-greeter";
const FEDERATION = {
    bundleEndpoint: { profile: "https_spiffe" },
    federatesWith: {
        [THEIRS.name]: {
            profile: "https_spiffe",
            url: bundleUrl(THEIRS),
            endpointSpiffeId: serverId(THEIRS.name),
        },
    },
};
/** SPIRE fetches a bundle four times within its refresh hint, here of a minute. */
const REFRESH_MS = 90_000;

const config = {
    "cilium-spire:spire": { server: { federation: FEDERATION } },
    "cilium-spire:workloads": {
        greeter: {
            path: `/ns/${GREETER}/sa/${GREETER}`,
            selectors: [`k8s:ns:${GREETER}`, `k8s:sa:${GREETER}`],
            federatesWith: [THEIRS.name],
        },
    },
};

let state: World;

before(async () => {
    state = await world();
    const image = await kubectl(
        "-n spire-system get statefulset spire-server -o jsonpath={.spec.template.spec.containers[0].image}",
    );
    const friend = {
        name: state.outputs.trustDomain,
        url: "https://spire-server-bundle-endpoint.spire-system.svc",
    };
    await apply(trustDomainObjects(THEIRS, image, friend));
    await kubectl(
        `-n ${THEIRS.place} wait --for=condition=Ready pod/${THEIRS.place} --timeout=60s`,
    );
});

describe("a workload that federates", () => {
    test("is refused by name as long as the bundle of the other is missing", async () => {
        const { code, output } = await start(home, "up", config).ended;
        assert.equal(code, 1, output);
        assert.match(output, /\.greeter: .*unable to find federated bundle .*other\.test/);
        assert.match(output, /spire-server bundle set -id spiffe:\/\/other\.test/);
    });

    test("gets both bundles once they were exchanged, by one more up", async () => {
        const ours = await inOurs(["bundle", "show", "-format", "spiffe"]);
        const theirs = await inTheirs(["bundle", "show", "-format", "spiffe"]);
        const spiffeId = (name: string) => ["-id", `spiffe://${name}`, "-format", "spiffe"];
        await inOurs(["bundle", "set", ...spiffeId(THEIRS.name)], theirs);
        await inTheirs(["bundle", "set", ...spiffeId(state.outputs.trustDomain)], ours);
        state.platform = await openPlatform(config);
        await upThenQuiet(state);
        await startGreeter();
        const own = `spiffe://${state.outputs.trustDomain}/ns/${GREETER}/sa/${GREETER}`;
        await poll(
            60_000,
            "SVID of the workload with both bundles",
            async () => {
                const { svids, federated_bundles: bundles } = await greeter();
                assert.deepEqual(
                    svids.map((svid) => svid.spiffe_id),
                    [own],
                );
                return bundles[`spiffe://${THEIRS.name}`]
                    ? { done: true }
                    : { waitingFor: "it has one" };
            },
            { errorsWait: true },
        );
    });

    test("learns of their new CA by itself, and they of ours", async () => {
        const before = await greeter();
        const [of, by] = [`spiffe://${THEIRS.name}`, `spiffe://${state.outputs.trustDomain}`];
        await inTheirs(["localauthority", "x509", "prepare"]);
        await inOurs(["localauthority", "x509", "prepare"]);
        await poll(REFRESH_MS, "bundle with their new CA at the workload", async () => {
            const now = (await greeter()).federated_bundles[of];
            return now === before.federated_bundles[of]
                ? { waitingFor: "it is the old one" }
                : { done: true };
        });
        await poll(REFRESH_MS, "bundle with our new CA at their server", async () => {
            const known = await inTheirs(["bundle", "list", "-id", by, "-format", "spiffe"]);
            const { keys } = JSON.parse(known) as { keys: { use: string }[] };
            const count = keys.filter(({ use }) => use === "x509-svid").length;
            return count > 1 ? { done: true } : { waitingFor: `it has ${count} CA` };
        });
    });

    test("leaves nothing of it when it is taken out of the configuration", async () => {
        await kubectl(`delete namespace ${THEIRS.place} ${GREETER}`);
        state.platform = await openPlatform();
        await upThenQuiet(state);
        await state.demo.waitUntilConnected(60_000);
    });
});

interface X509Response {
    svids: { spiffe_id: string }[];
    federated_bundles: Record<string, string>;
}

const inTheirs = (args: string[], stdin?: string) =>
    inTrustDomain(state.cluster, THEIRS, args, stdin);

async function inOurs(args: string[], stdin?: string): Promise<string> {
    const { namespace, container } = state.outputs.spireServer;
    const pod = { namespace, container, pod: "spire-server-0" };
    return await spireCommand(state.cluster, pod, args, stdin);
}

async function apply(objects: object[]): Promise<void> {
    const input = objects.map((object) => JSON.stringify(object)).join("\n");
    await kubectlOf(sandbox, ["apply", "-f", "-"], { input });
}

const AGENT_PROGRAM = "/opt/spire/bin/spire-agent";
const SOCKET = ["-socketPath", "/run/spire/sockets/agent.sock"];

/** A pod with SPIRE's own client of the Workload API. */
async function startGreeter(): Promise<void> {
    const image = await kubectl(
        "-n spire-system get daemonset spire-agent -o jsonpath={.spec.template.spec.containers[0].image}",
    );
    const directory = "/run/spire/sockets";
    const container = {
        ...{ name: "greeter", image, command: [AGENT_PROGRAM, "api", "watch", ...SOCKET] },
        volumeMounts: [{ name: "socket", mountPath: directory, readOnly: true }],
    };
    const spec = {
        serviceAccountName: GREETER,
        terminationGracePeriodSeconds: 1,
        containers: [container],
        volumes: [{ name: "socket", hostPath: { path: directory, type: "Directory" } }],
    };
    await apply([
        { apiVersion: "v1", kind: "Namespace", metadata: { name: GREETER } },
        {
            ...{ apiVersion: "v1", kind: "ServiceAccount" },
            metadata: { name: GREETER, namespace: GREETER },
        },
        { apiVersion: "v1", kind: "Pod", metadata: { name: GREETER, namespace: GREETER }, spec },
    ]);
    await kubectl(`-n ${GREETER} wait --for=condition=Ready pod/${GREETER} --timeout=60s`);
}

/** What the Workload API gives the pod now. */
async function greeter(): Promise<X509Response> {
    const pod = { namespace: GREETER, pod: GREETER, container: "greeter" };
    const command = [AGENT_PROGRAM, "api", "fetch", "x509", ...SOCKET, "-output", "json"];
    const { code, stdout, stderr } = await state.cluster.exec(pod, command, { timeoutMs: 30_000 });
    if (code !== 0) throw new Error(`the Workload API gives nothing: ${stderr}`);
    return JSON.parse(stdout) as X509Response;
}
