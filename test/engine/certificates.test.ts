/** The program with an issuer of cert-manager, by the real engine and a real API server that knows its kinds. Nobody signs anything. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation";
import { openStack, platformProgram } from "../../automation/stack";
import { mergeValues } from "../../settings/cilium/values";
import { deletableObjects, serverlessEntries, skipAwait } from "./transforms";
import { certManagerConfig, certManagerKinds } from "../support/certManager";
import { devConfig } from "../../automation/devConfig";
import { type Engine, startEngine } from "./engine";

let engine: Engine;

/** Not the name of a stack file, so that the configuration is what is said here. */
const STACK = "certificates";

before(async () => {
    engine = await startEngine();
    const kinds = await certManagerKinds();
    await engine.api.kubectl(["apply", "--server-side", "-f", kinds]);
    await engine.api.kubectl(["wait", "--for=condition=Established", "-f", kinds]);
});
after(() => engine.stop());

/** The program with the configuration of Pulumi.dev.yaml; nothing waits for pods. */
async function open(): Promise<Stack> {
    const ours = { "cilium-spire:verify": false, ...certManagerConfig("platform-ca") };
    const program = await platformProgram(mergeValues(await devConfig(), ours));
    const run = async () => {
        for (const transform of [skipAwait, deletableObjects, serverlessEntries]) {
            pulumi.runtime.registerResourceTransform(transform);
        }
        return await program.run();
    };
    return await openStack(engine.home, { ...program, run }, STACK);
}

test("its Certificates are made with the chart, and the server may ask for a CA", async () => {
    const stack = await open();
    await stack.preview();
    await stack.up();
    const made = await engine.api.kubectl([
        "-n",
        "kube-system",
        "get",
        "certificates",
        "-o",
        "name",
    ]);
    assert.deepEqual(made.trim().split("\n"), [
        "certificate.cert-manager.io/hubble-relay-client-certs",
        "certificate.cert-manager.io/hubble-server-certs",
    ]);
    const can = async (verb: string, resource: string) => {
        const account = "--as=system:serviceaccount:spire-system:spire-server";
        const words = ["auth", "can-i", verb, resource, "-n", "spire-system", account];
        return await engine.api.kubectl(words).then(
            (answer) => answer.trim(),
            () => "no",
        );
    };
    for (const verb of ["create", "get", "list", "delete"]) {
        assert.equal(await can(verb, "certificaterequests.cert-manager.io"), "yes", verb);
    }
    assert.equal(await can("update", "certificaterequests.cert-manager.io"), "no");
    assert.equal(await can("create", "certificates.cert-manager.io"), "no");
    await stack.preview({ expectNoChanges: true });
});

test("a destroy removes them", async () => {
    await (await open()).destroy();
    const left = ["get", "certificates,roles", "-A", "-o", "name"];
    assert.doesNotMatch(await engine.api.kubectl(left), /hubble|spire/);
});
