/** Stacks rendered by the real engine and provider, without a cluster. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { enterPulumi } from "../../automation/stack";
import type { Manifest } from "../../gitops/manifest";
import { render } from "../../gitops/render";
import { keyOf } from "../../gitops/tidy";
import type { Values } from "../../settings/cilium/values";
import { ciliumObjects } from "./accepted/program";
import { launch } from "../support/operation";
import { objectsIn, renderableSettings, renderStack, textsIn } from "../support/rendering";

const ID = { project: "cilium-spire", stack: "dev" };

let dir: string;

before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cilium-spire-render-"));
    // A cluster that somebody works with: it must not be asked.
    await enterPulumi({ dir, kubeconfig: "/no/such/kubeconfig" });
});
after(() => rm(dir, { recursive: true, force: true }));

const rendered = (folder: string, over: Values = {}) => renderStack(join(dir, folder), "dev", over);

describe("a rendering", () => {
    let first: Record<string, string>;

    before(async () => {
        first = await textsIn(await rendered("first"));
    });

    test("has these files", () => {
        const names = Object.keys(first).map((name) =>
            name.replace(/-[0-9a-f]{8}\.yaml$/, "-HASH.yaml"),
        );
        assert.deepEqual(names, FILES_OF_DEV.trim().split("\n"));
    });

    test("is the same to the byte the next time, in another folder and over itself", async () => {
        assert.deepEqual(await textsIn(await rendered("second")), first);
        const again = await render(await renderableSettings("dev"), ID, join(dir, "first"));
        assert.deepEqual(again.written, []);
        assert.equal(process.env.KUBECONFIG, "/no/such/kubeconfig");
    });

    test("changes where a setting matters, and nowhere else", async () => {
        const over = { spire: { server: { logLevel: "DEBUG" } } };
        const changed = await render(
            await renderableSettings("dev", over),
            ID,
            join(dir, "second"),
        );
        assert.deepEqual(changed.written, [
            "manifests/2-spire-server/configmap-spire-system-spire-server.yaml",
            "manifests/2-spire-server/statefulset-spire-system-spire-server.yaml",
        ]);
        const suspended = { ...over, gitops: { suspend: true } };
        const toggled = await render(
            await renderableSettings("dev", suspended),
            ID,
            join(dir, "second"),
        );
        assert.deepEqual(toggled.written, ["flux/cilium-spire.yaml"]);
    });

    test("has the chart's objects as Helm makes them, with the workload socket", async () => {
        const settings = await renderableSettings("dev");
        const byKey = (objects: Manifest[]) =>
            Object.fromEntries(objects.map((object) => [keyOf(object), spelt(object)]));
        const ours = byKey(await objectsIn(join(dir, "first"), "manifests/1-cilium"));
        const helms = byKey((await ciliumObjects(settings)) as unknown as Manifest[]);
        assert.deepEqual(Object.keys(ours).sort(), Object.keys(helms).sort());
        const agents = "DaemonSet/kube-system/cilium";
        assert.deepEqual(ours[agents]!.spec, helms[agents]!.spec);
        assert.match(JSON.stringify(ours[agents]), /"spire-workload-socket"/);
    });

    test("refuses Secrets that the chart would make", async () => {
        await assert.rejects(
            rendered("secret", { cilium: { values: SECRETS_IN_VALUES } }),
            /cilium\.values: Cilium's chart makes the Secret/,
        );
        await assert.rejects(readdir(join(dir, "secret")), { code: "ENOENT" });
    });

    test("ends with what the engine says when it cannot be made, as a command", async () => {
        const settings = { trustDomain: "example.org", clusterName: "east", ...BROKEN };
        const args = ["cli/run.js", "render", "dev", join(dir, "none"), "--stdin"];
        const options = [process.execPath, args, {}, JSON.stringify(settings)] as const;
        const { code, output } = await launch(...options).ended;
        assert.equal(code, 2, output);
        assert.match(
            output,
            /^cilium-spire: the engine could not render the stack: .*\/no\/such\/chart/m,
        );
        assert.doesNotMatch(output, /^\s+at /m);
        await assert.rejects(readdir(join(dir, "none")), { code: "ENOENT" });
    });
});

const BROKEN = {
    registration: { strategy: "nodeAlias" },
    cilium: { chart: "/no/such/chart" },
};

/** The same object in the words of the provider, which leaves out what is the default, and knows quantities as text. */
function spelt(object: Manifest): Manifest {
    const text = JSON.stringify(object, (key, value: unknown) => {
        if (key === "readOnly" && value === false) return undefined;
        if (key === "initialDelaySeconds" && value === 0) return undefined;
        return key === "cpu" ? String(value) : value;
    });
    return JSON.parse(text) as Manifest;
}

/** What the operator on Azure would sign in with. */
const SECRETS_IN_VALUES: Values = {
    azure: { enabled: true, clientID: "id", clientSecret: "secret" },
};

/** Names of Jobs end with a hash. */
const FILES_OF_DEV = `
cilium-spire.json
flux/cilium-spire.yaml
manifests/1-cilium/clusterrole-cilium-operator.yaml
manifests/1-cilium/clusterrole-cilium.yaml
manifests/1-cilium/clusterrolebinding-cilium-operator.yaml
manifests/1-cilium/clusterrolebinding-cilium.yaml
manifests/1-cilium/configmap-kube-system-cilium-config.yaml
manifests/1-cilium/daemonset-kube-system-cilium.yaml
manifests/1-cilium/deployment-kube-system-cilium-operator.yaml
manifests/1-cilium/namespace-cilium-secrets.yaml
manifests/1-cilium/role-cilium-secrets-cilium-operator-tlsinterception-secrets.yaml
manifests/1-cilium/role-cilium-secrets-cilium-tlsinterception-secrets.yaml
manifests/1-cilium/role-kube-system-cilium-config-agent.yaml
manifests/1-cilium/role-kube-system-cilium-operator-ztunnel.yaml
manifests/1-cilium/rolebinding-cilium-secrets-cilium-operator-tlsinterception-secrets.yaml
manifests/1-cilium/rolebinding-cilium-secrets-cilium-tlsinterception-secrets.yaml
manifests/1-cilium/rolebinding-kube-system-cilium-config-agent.yaml
manifests/1-cilium/rolebinding-kube-system-cilium-operator-ztunnel.yaml
manifests/1-cilium/serviceaccount-kube-system-cilium-operator.yaml
manifests/1-cilium/serviceaccount-kube-system-cilium.yaml
manifests/2-spire-server/clusterrole-spire-server-dev.yaml
manifests/2-spire-server/clusterrolebinding-spire-server-dev.yaml
manifests/2-spire-server/configmap-spire-system-spire-bundle.yaml
manifests/2-spire-server/configmap-spire-system-spire-server.yaml
manifests/2-spire-server/namespace-spire-system.yaml
manifests/2-spire-server/role-spire-system-spire-bundle.yaml
manifests/2-spire-server/rolebinding-spire-system-spire-bundle.yaml
manifests/2-spire-server/service-spire-system-spire-server.yaml
manifests/2-spire-server/serviceaccount-spire-system-spire-server.yaml
manifests/2-spire-server/statefulset-spire-system-spire-server.yaml
manifests/3-spire-agents/clusterrole-spire-agent-dev.yaml
manifests/3-spire-agents/clusterrolebinding-spire-agent-dev.yaml
manifests/3-spire-agents/configmap-spire-system-spire-agent.yaml
manifests/3-spire-agents/daemonset-spire-system-spire-agent.yaml
manifests/3-spire-agents/serviceaccount-spire-system-spire-agent.yaml
manifests/4-entries/job-spire-system-spire-entries-cilium-HASH.yaml
manifests/4-entries/role-spire-system-spire-entries.yaml
manifests/4-entries/rolebinding-spire-system-spire-entries.yaml
manifests/4-entries/serviceaccount-spire-system-spire-entries.yaml
`;
