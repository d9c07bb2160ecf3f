import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { AgentEntries } from "../../../components/entries/agentEntries";
import { agentEntriesArgs } from "../../../components/entries/args";
import { decodeSettings } from "../../../config";

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
    const entries = new AgentEntries("cilium", agentEntriesArgs(settings, "dev"));
    await new Promise((resolve) => entries.urn.apply(resolve));
    return inputs;
}

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
