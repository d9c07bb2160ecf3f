import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { archiveFiles } from "../../../../sandbox/build/archive";

type Manifest = { Config: string; RepoTags: string[]; Layers: string[] }[];

const images = ["registry.example/agent:v1", "registry.example/operator:v1"].map((tag) => ({
    tag,
    config: { Entrypoint: ["/run"] },
    layers: ["aa", "bb"],
}));

function manifestOf(files: Map<string, string>): Manifest {
    return JSON.parse(files.get("manifest.json")!) as Manifest;
}

test("the manifest names, for each image, a configuration and its layers in order", () => {
    const files = archiveFiles(images, "amd64");
    const manifest = manifestOf(files);
    assert.deepEqual(
        manifest.map((image) => image.RepoTags),
        images.map((image) => [image.tag]),
    );
    for (const { Config, Layers } of manifest) {
        assert.deepEqual(Layers, ["aa.tar", "bb.tar"]);
        const text = files.get(Config)!;
        assert.equal(`${createHash("sha256").update(text).digest("hex")}.json`, Config);
        const config = JSON.parse(text) as {
            architecture: string;
            config: { Entrypoint: string[] };
            rootfs: object;
        };
        assert.equal(config.architecture, "amd64");
        assert.deepEqual(config.config.Entrypoint, ["/run"]);
        assert.deepEqual(config.rootfs, { type: "layers", diff_ids: ["sha256:aa", "sha256:bb"] });
    }
});

test("images with the same content have digests of their own", () => {
    const [agent, operator] = manifestOf(archiveFiles(images, "amd64"));
    assert.notEqual(agent!.Config, operator!.Config);
});
