/** What `cilium-spire enforce` refuses to try, only looks at, or takes back for Cilium's own reasons; and where no stack is named. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { enforce, enforceAt, live, NAMESPACE, openScene, REQUIRED } from "../support/enforced";
import { kubectl, type PolicyCast } from "../support/policyCast";
import { type Client, startClientIn } from "../support/traffic";
import { sandbox, type World } from "../support/world";

const SCENE = {
    pods: { "enforced/server": { ports: [8080] }, "enforced/client": {} },
    attempts: [],
};
const WIDE = {
    ...REQUIRED,
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: "wide" },
    spec: {
        endpointSelector: {
            matchLabels: { "k8s:io.kubernetes.pod.namespace": NAMESPACE, app: "server" },
        },
        ingress: REQUIRED.spec.ingress,
    },
};

let state: World;
let cast: PolicyCast;
let dir: string;
let client: Client | undefined;

before(async () => {
    let url: string;
    ({ state, cast, dir, url } = await openScene(SCENE));
    client = await startClientIn(state.cluster, NAMESPACE, "client", url);
});
after(async () => {
    await client?.stop();
    await cast.removeNamespaces();
    await rm(dir, { recursive: true });
});

describe("enforce", () => {
    test("refuses what must never require authentication, and what selects nobody", async () => {
        const placed = (namespace: string, spec: object) => ({
            ...REQUIRED,
            metadata: { name: "required", namespace },
            spec: { ...REQUIRED.spec, ...spec },
        });
        const dns = placed("kube-system", { endpointSelector: { matchLabels: {} } });
        const authentication = { mode: "required" };
        const nodes = placed(NAMESPACE, {
            ingress: [{ fromEntities: ["remote-node"], authentication }],
        });
        const nobody = placed(NAMESPACE, { endpointSelector: { matchLabels: { app: "none" } } });
        const wrong = placed(NAMESPACE, {
            ingress: [
                { toPorts: [{ ports: [{ port: "8080", protocol: "HTTP" }] }], authentication },
            ],
        });
        const cases: [object, RegExp][] = [
            [
                dns,
                /kube-system\/required requires authentication of kube-system\/coredns, and must/,
            ],
            [nodes, /requires authentication of remote-node, and must not/],
            [nobody, /enforced\/required selects no pods that Cilium knows/],
            [wrong, /Kubernetes API 422: .*spec\.ingress/],
        ];
        for (const [object, says] of cases) {
            const { exitCode, stdout, stderr } = await enforce(dir, [object], "--look", "0");
            assert.equal(exitCode, 2, stdout);
            assert.match(stderr, says);
        }
        assert.equal(await live(), undefined);
    });

    test("only looks, when it is told so", async () => {
        const dry = ["--look", "5", "--dry-run"];
        const { exitCode, stdout, stderr } = await enforce(dir, [REQUIRED, WIDE], ...dry);
        assert.equal(exitCode, 0, stderr);
        assert.match(stdout, /^passes +enforced\/client .* both sides are registered$/m);
        assert.match(stdout, /^Nothing was changed\. Nobody would be refused/m);
        assert.equal(await live(), undefined);
        assert.equal(await wide(), "");
    });

    test("takes back what Cilium takes for invalid", async () => {
        const ports = [{ port: "8080", protocol: "TCP" }];
        const toPorts = [{ ports, rules: { http: [{ method: "GET" }] } }];
        const [rule] = REQUIRED.spec.ingress;
        const http = { ...REQUIRED, spec: { ...REQUIRED.spec, ingress: [{ ...rule, toPorts }] } };
        const limits = ["--look", "3", "--watch", "60"];
        const { exitCode, stdout, stderr } = await enforce(dir, [http], ...limits);
        assert.equal(exitCode, 1, stderr);
        assert.match(
            stdout,
            /^taken back +enforced\/required: Cilium says: L7 policy is not supp/m,
        );
        assert.equal(await live(), undefined);
    });

    test("tries a policy of the whole cluster, where nothing but a kubeconfig is at hand", async () => {
        const place = ["--kubeconfig", sandbox.kubeconfig];
        const limits = ["--look", "3", "--watch", "6"];
        const { exitCode, stdout, stderr } = await enforceAt(place, dir, [WIDE], ...limits);
        assert.equal(exitCode, 0, stdout + stderr);
        assert.match(
            stdout,
            /^kept +wide: nobody was refused .*, 1 pair of identities authenticated$/m,
        );
        assert.equal(await wide(), "ciliumclusterwidenetworkpolicy.cilium.io/wide");
        await kubectl(["delete", "ciliumclusterwidenetworkpolicy", "wide"]);
    });
});

async function wide(): Promise<string> {
    const get = ["get", "ciliumclusterwidenetworkpolicy", "wide", "--ignore-not-found"];
    return (await kubectl([...get, "-o", "name"])).trim();
}
