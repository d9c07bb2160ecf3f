import assert from "node:assert/strict";
import { test } from "node:test";
import { imageVersion } from "../../../versions/imageVersion";

test("the version of an image is its tag", () => {
    assert.equal(imageVersion("ghcr.io/spiffe/spire-server:1.14.7"), "1.14.7");
    assert.equal(imageVersion("registry:5000/spire-server:v1.9.6@sha256:ab"), "1.9.6");
    assert.equal(imageVersion("registry:5000/spire-server"), undefined);
    assert.equal(imageVersion("spire-server:latest"), undefined);
});
