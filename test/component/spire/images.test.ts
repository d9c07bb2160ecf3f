import assert from "node:assert/strict";
import { before, test } from "node:test";
import { decodeSettings } from "../../../settings/decode";
import { at, render, useMocks } from "./render";

before(useMocks);

async function podsWith(settings: object) {
    const minimal = { trustDomain: "example.org", clusterName: "east" };
    const all = await render(decodeSettings({ ...minimal, ...settings }));
    return ["StatefulSet/spire-server", "DaemonSet/spire-agent"].map((name) => ({
        image: at(all[name], "spec.template.spec.containers.0.image"),
        secrets: at(all[name], "spec.template.spec.imagePullSecrets"),
    }));
}

const version = "1.14.7";

test("images come from SPIRE's own registry, and need no secret, by default", async () => {
    assert.deepEqual(await podsWith({ spire: { version } }), [
        { image: "ghcr.io/spiffe/spire-server:1.14.7", secrets: undefined },
        { image: "ghcr.io/spiffe/spire-agent:1.14.7", secrets: undefined },
    ]);
});

test("the registry and the pull secrets are for both, an image that is named is taken as it is", async () => {
    const images = { registry: "registry.example.org/mirror", pullSecrets: ["regcred"] };
    const agent = { image: "example.org/own/agent", version: "1.13.3" };
    const secrets = [{ name: "regcred" }];
    assert.deepEqual(await podsWith({ images, spire: { version, agent } }), [
        { image: "registry.example.org/mirror/spiffe/spire-server:1.14.7", secrets },
        { image: "example.org/own/agent:1.13.3", secrets },
    ]);
});
