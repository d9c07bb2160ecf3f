import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { AgentEntries } from "../../../components/entries/agentEntries";
import { clusterChoice } from "../../../components/clusterChoice";
import { agentEntriesArgs } from "../../../components/entries/args";
import { decodeSettings } from "../../../settings/decode";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { run } from "../../../sandbox/host/shell";

let inputs: Record<string, unknown> = {};

before(() =>
    pulumi.runtime.setMocks(
        {
            newResource: (args) => {
                const state = args.inputs as Record<string, unknown>;
                if (args.type === "pulumi-nodejs:dynamic/spire:AgentEntries") inputs = state;
                return { id: args.name, state };
            },
            call: () => assert.fail("the resource calls no functions"),
        },
        "cilium-spire",
        "dev",
    ),
);

const settings = decodeSettings({ trustDomain: "demo.local", clusterName: "precinct-99" });

/** Makes the resource and waits until the engine has it. */
async function register(): Promise<Record<string, unknown>> {
    const entries = new AgentEntries(
        "cilium",
        agentEntriesArgs(settings, { project: "cilium-spire", stack: "dev" }),
    );
    await new Promise((resolve) => entries.urn.apply(resolve));
    return inputs;
}

test("the resource is told which cluster only by the keys that are set", () => {
    assert.deepEqual(clusterChoice(settings), {});
    const chosen = { ...settings, kubeContext: "prod", kubeconfig: "./kubeconfig" };
    assert.deepEqual(clusterChoice(chosen), { context: "prod", kubeconfig: "./kubeconfig" });
});

test("the resource asks for what the settings say", async () => {
    const { __provider: _text, ...props } = await register();
    assert.deepEqual(props, {
        trustDomain: "demo.local",
        clusterName: "precinct-99",
        idPrefix: "cilium-spire.dev.cilium",
        registration: "perAgent",
        operatorNodeLabels: {},
        timeoutSeconds: 300,
        server: {
            namespace: "spire-system",
            statefulSet: "spire-server",
            container: "spire-server",
        },
        agent: { namespace: "spire-system", serviceAccount: "spire-agent" },
        agentDaemonSet: { namespace: "spire-system", daemonSet: "spire-agent" },
        cilium: {
            namespace: "kube-system",
            agentServiceAccount: "cilium",
            operatorServiceAccount: "cilium-operator",
        },
        operatorDeployment: { namespace: "kube-system", deployment: "cilium-operator" },
    });
});

test("the provider's text in the state is small and holds no path and no secret", async () => {
    const { __provider: text } = await register();
    assert.ok(typeof text === "string");
    assert.ok(text.length < 4096, `${text.length} bytes`);
    assert.doesNotMatch(text, new RegExp(process.cwd()));
    assert.doesNotMatch(text, /\/(root|home|usr|tmp|work)\//);
    assert.doesNotMatch(text, /BEGIN|passphrase|token/i);
    assert.match(text, /kind: "agentEntries"/);
    for (const method of ["check", "diff", "create", "read", "update", "delete"]) {
        assert.match(text, new RegExp(`entries-provider"\\)\\[kind\\]\\.${method}\\(`));
    }
});

test("the provider's text runs in any directory where the package is installed, and only there", async () => {
    const { __provider: text, ...news } = await register();
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-elsewhere-"));
    // As the engine's Node process does it (@pulumi/pulumi, cmd/dynamic-provider/index.js), started in `cwd`.
    const check = (cwd: string) =>
        run(
            process.execPath,
            [
                "-e",
                `const { text, news } = JSON.parse(require("fs").readFileSync(0, "utf8"));
                require(process.argv[1])(text).handler().check({}, news)
                    .then((result) => console.log(JSON.stringify(result)));`,
                require.resolve("require-from-string"),
            ],
            {
                cwd,
                input: JSON.stringify({ text, news }),
                env: { KUBECONFIG: join(dir, "none") },
            },
        );
    try {
        await assert.rejects(check(dir), /MODULE_NOT_FOUND/);
        // What `npm ci` leaves on another machine, in another place.
        const scope = join(dir, "project", "node_modules", "@cilium-spire");
        await mkdir(scope, { recursive: true });
        const installed = join(repositoryRoot, "node_modules", "@cilium-spire", "entries-provider");
        await symlink(installed, join(scope, "entries-provider"));
        const { inputs, failures } = JSON.parse(await check(join(dir, "project"))) as {
            inputs: object;
            failures: unknown[];
        };
        // Without a cluster a check takes its inputs as they are.
        assert.deepEqual({ inputs, failures }, { inputs: news, failures: [] });
    } finally {
        await rm(dir, { recursive: true, force: true });
    }
});
