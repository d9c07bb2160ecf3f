/** Every kind of selector that an entry may have is one that the agents give: a process gets an identity by each, and none by a wrong one. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { poll } from "@cilium-spire/entries-provider";
import { ensureBinary } from "../../sandbox/build/binaries";
import type { Values } from "../../settings/cilium/values";
import { kubectl, openPlatform, sandbox, upThenQuiet, world, type World } from "../support/world";

const NAMESPACE = "selectors";
const PROGRAM = "/opt/spire/bin/spire-agent";

let state: World;
/** A selector that is true of the process, and one that is not, by kind. */
let kinds: Record<string, [string, string]>;

before(async () => {
    state = await world();
    const image = `ghcr.io/spiffe/spire-agent:${state.outputs.spireVersion}`;
    const program = await readFile(await ensureBinary("spire-agent"));
    const digest = createHash("sha256").update(program).digest("hex");
    kinds = {
        label: ["k8s:pod-label:app:subject", "k8s:pod-label:app:other"],
        container: ["k8s:container-name:main", "k8s:container-name:other"],
        image: [`k8s:container-image:${image}`, `k8s:container-image:${image}0`],
        account: ["k8s:sa:subject", "k8s:sa:other"],
        user: ["unix:uid:4711", "unix:uid:4712"],
        group: ["unix:gid:4712", "unix:gid:4711"],
        supplementary: ["unix:supplementary_gid:4713", "unix:supplementary_gid:4714"],
        program: [`unix:path:${PROGRAM}`, "unix:path:/bin/other"],
        digest: [`unix:sha256:${digest}`, `unix:sha256:${"0".repeat(64)}`],
    };
    const unixAttestor = { discoverPath: true, sha256MaxSize: "512Mi" };
    const platform = await openPlatform({
        "cilium-spire:workloads": Object.fromEntries(
            Object.entries(kinds).flatMap(([kind, [right, wrong]]) => [
                [kind, workload(`/selectors/${kind}`, right)],
                [`not-${kind}`, workload(`/selectors/not-${kind}`, wrong)],
            ]),
        ),
        "cilium-spire:spire": { agent: { unixAttestor } },
    });
    state = { ...state, platform };
    await platform.up();
    const file = join(sandbox.stateDir, "selectors.json");
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: pod(image) }));
    await kubectl(`apply -f ${file}`);
});
after(async () => {
    await kubectl(`delete namespace ${NAMESPACE} --ignore-not-found`);
    state.platform = await openPlatform();
    await upThenQuiet(state);
});

function workload(path: string, selector: string): Values {
    return { path, selectors: [`k8s:ns:${NAMESPACE}`, selector] };
}

/** A pod of another user than root, which holds the agent's program as its client. */
function pod(image: string): object[] {
    const socket = { name: "socket", mountPath: "/run/spire/sockets", readOnly: true };
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
        {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata: { name: "subject", namespace: NAMESPACE },
        },
        {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "subject", namespace: NAMESPACE, labels: { app: "subject" } },
            spec: {
                serviceAccountName: "subject",
                automountServiceAccountToken: false,
                terminationGracePeriodSeconds: 1,
                securityContext: {
                    ...{ runAsUser: 4711, runAsGroup: 4712, supplementalGroups: [4713] },
                    seccompProfile: { type: "RuntimeDefault" },
                },
                containers: [
                    {
                        name: "main",
                        image,
                        command: [PROGRAM, "api", "watch", ...SOCKET],
                        securityContext: {
                            allowPrivilegeEscalation: false,
                            capabilities: { drop: ["ALL"] },
                        },
                        volumeMounts: [socket],
                    },
                ],
                volumes: [{ name: socket.name, hostPath: { path: socket.mountPath } }],
            },
        },
    ];
}

const SOCKET = ["-socketPath", "/run/spire/sockets/agent.sock"];

/** The paths of the SPIFFE IDs that the pod gets. */
async function paths(): Promise<string[]> {
    const fetch = [PROGRAM, "api", "fetch", "x509", "-output", "json", ...SOCKET];
    const text = await kubectl(`-n ${NAMESPACE} exec subject -- ${fetch.join(" ")}`);
    const { svids } = JSON.parse(text) as { svids: { spiffe_id: string }[] };
    return svids.map(({ spiffe_id: id }) => id.replace("spiffe://demo.local", "")).sort();
}

describe("selectors", () => {
    test("of each kind give an identity to the process that they are true of, and to no other", async () => {
        const wanted = Object.keys(kinds).map((kind) => `/selectors/${kind}`);
        const found = await poll(60_000, "identities of the pod", async () => {
            const found = await paths().catch((error: unknown) => [String(error)]);
            return found.length >= wanted.length
                ? { done: found }
                : { waitingFor: `it has ${found.join(", ")}` };
        });
        assert.deepEqual(found, wanted.sort());
    });
});
