/** The images of the charts of all supported versions from one registry, rendered by the real Helm. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { releaseValues } from "../../../../components/cilium/chartValues";
import type { Values } from "../../../../settings/cilium/values";
import { ensureChart } from "../../../../sandbox/build/binaries";
import { imageSettings } from "../../../../settings/images";
import { CHART_VERSIONS, template } from "../../../support/helm";
import { argsWith } from "./fixtures";

const REGISTRY = "registry.example.org:5000/mirror";

interface PodSpec {
    containers: { image: string }[];
    initContainers?: { image: string }[];
    imagePullSecrets?: { name: string }[];
}

/** Everything that runs an image, beside what runs by default. */
const ALL_ON: Values = {
    nodeinit: { enabled: true },
    envoy: { enabled: true },
    hubble: { relay: { enabled: true }, ui: { enabled: true } },
};

/** What then runs. */
const PROGRAMS = [
    ...["cilium", "cilium-envoy", "hubble-relay", "hubble-ui", "hubble-ui-backend"],
    ...["operator-generic", "startup-script"],
].map((name) => `quay.io/cilium/${name}`);

/** The specs of all pods that the chart makes. */
async function podSpecs(version: string, images: object, values: Values): Promise<PodSpec[]> {
    const hubble = { enabled: true, tls: { method: "certmanager", issuerRef: { name: "ca" } } };
    const args = argsWith({ version, values, hubble }, { images: imageSettings.parse(images) });
    const text = await template(await ensureChart(version), releaseValues(args));
    return parseAllDocuments(text)
        .map((document) => document.toJS() as { spec?: { template?: { spec: PodSpec } } } | null)
        .flatMap((object) => object?.spec?.template?.spec ?? []);
}

function repositoryOf(image: string): string {
    return image.split(":")[0]!;
}

function imagesOf(specs: PodSpec[]): string[] {
    return specs.flatMap(({ containers, initContainers = [] }) =>
        [...initContainers, ...containers].map(({ image }) => image),
    );
}

for (const version of CHART_VERSIONS) {
    describe(`chart ${version}`, () => {
        test("takes all images from the registry, and gives every pod the pull secrets", async () => {
            const mirror = { registry: REGISTRY, pullSecrets: ["first", "second"] };
            const [plain, mirrored] = [
                await podSpecs(version, {}, ALL_ON),
                await podSpecs(version, mirror, ALL_ON),
            ];
            const [before, after] = [imagesOf(plain), imagesOf(mirrored)];
            // Paths, tags and digests stay.
            assert.deepEqual(
                after,
                before.map((image) => image.replace(/^quay\.io\//, `${REGISTRY}/`)),
            );
            assert.deepEqual([...new Set(before.map(repositoryOf))].sort(), PROGRAMS);
            assert.ok(before.some((image) => image.includes("@sha256:")));
            const secrets = (specs: PodSpec[]) => specs.map((spec) => spec.imagePullSecrets);
            const wanted = [{ name: "first" }, { name: "second" }];
            assert.deepEqual(
                secrets(mirrored),
                mirrored.map(() => wanted),
            );
            assert.deepEqual(
                secrets(plain),
                plain.map(() => undefined),
            );
        });

        test("takes an image that the values name as it is written", async () => {
            const values = {
                image: { override: "example.org/own/cilium:1" },
                operator: { image: { repository: "example.org/own/operator" } },
            };
            const images = imagesOf(await podSpecs(version, { registry: REGISTRY }, values));
            assert.ok(images.includes("example.org/own/cilium:1"));
            assert.ok(images.includes(`example.org/own/operator-generic:v${version}`));
            assert.ok(!images.some((image) => image.startsWith(`${REGISTRY}/cilium/cilium:`)));
        });
    });
}
