/** Where the chart and the images come from, as the configuration says it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chartSource, shadowProblem } from "../../../components/cilium/chartSource";
import { imageAt } from "../../../components/images";
import { ConfigError, decodeSettings } from "../../../settings/decode";
import { warnings } from "../../../settings/cilium/rules";

const minimal = { trustDomain: "example.org", clusterName: "east" };

function problem(settings: object): string | undefined {
    try {
        decodeSettings({ ...minimal, ...settings });
    } catch (error) {
        assert.ok(error instanceof ConfigError);
        return error.message.split("\n  ").slice(1).join();
    }
    return undefined;
}

const ofChart = (chart: string) => problem({ cilium: { chart } });

test("a chart comes from a repository, a registry or a path, and the text says which", () => {
    const repository = "https://charts.example.org/cilium/";
    const cases: [string | undefined, object][] = [
        [
            undefined,
            {
                chart: "cilium",
                version: "1.18.4",
                repositoryOpts: { repo: "https://helm.cilium.io" },
            },
        ],
        [repository, { chart: "cilium", version: "1.18.4", repositoryOpts: { repo: repository } }],
        ["@team", { chart: "team/cilium", version: "1.18.4" }],
        [
            "oci://registry.example.org:5000/charts/cilium",
            { chart: "oci://registry.example.org:5000/charts/cilium", version: "1.18.4" },
        ],
        ["/srv/cilium-1.18.4.tgz", { chart: "/srv/cilium-1.18.4.tgz" }],
        ["./charts/cilium", { chart: "./charts/cilium" }],
        ["../cilium", { chart: "../cilium" }],
    ];
    for (const [chart, source] of cases) {
        if (chart !== undefined) assert.equal(ofChart(chart), undefined, chart);
        assert.deepEqual(chartSource(chart, "1.18.4"), source);
    }
});

test("what Helm would read in another way is refused, with the remedy", () => {
    const cases: [string, RegExp][] = [
        ["charts/cilium", /must be the URL of a Helm repository .* or a path that begins with/],
        ["cilium", /must be the URL/],
        ["", /must be the URL/],
        ["~/cilium", /must be the URL/],
        ["file:///srv/cilium", /must be the URL/],
        ["@team/cilium", /must be the URL/],
        ["https://", /must be the URL/],
        ["https://example.org/charts?token=x", /must be the URL/],
        ["https://example.org/cilium-1.18.4.tgz", /not of the archive/],
        ["oci://registry.example.org", /must name the chart too/],
        ["oci://registry.example.org/charts/", /must name the chart too/],
        ["oci://registry.example.org/charts/cilium:1.18.4", /cilium\.version is the tag/],
        ["oci://registry.example.org/cilium@sha256:0123", /cilium\.version is the tag/],
    ];
    for (const [chart, remedy] of cases) {
        assert.match(ofChart(chart)!, /^cilium\.chart = "/, chart);
        assert.match(ofChart(chart)!, remedy, chart);
    }
});

test("a password in a URL is refused, and not printed", () => {
    for (const [scheme, remedy] of [
        ["https", /helm repo add NAME URL --username USER --password-stdin/],
        ["http", /write @NAME/],
        ["oci", /helm registry login registry\.example\.org:5000/],
    ] as const) {
        const message = ofChart(`${scheme}://me:hunter2@registry.example.org:5000/charts/cilium`)!;
        assert.match(message, remedy);
        assert.ok(!message.includes("hunter2"), message);
    }
    // Also where another rule is broken.
    const message = problem({ images: { registry: "https://me:hunter2@registry.example.org" } })!;
    assert.match(message, /^images\.registry = "https:\/\/\*\*\*@registry\.example\.org": must be/);
});

test("plain HTTP is warned of", () => {
    const of = (chart: string) => [...warnings(decodeSettings({ ...minimal, cilium: { chart } }))];
    assert.match(of("http://charts.example.org").join(), /plain HTTP/);
    assert.deepEqual(of("https://charts.example.org"), []);
});

test("a file that Helm would take for the chart is named", () => {
    // Tests run where package.json is.
    const repositoryOpts = { repo: "https://example.org" };
    const shadowed = { chart: "package.json", version: "1.18.4", repositoryOpts };
    assert.match(shadowProblem(shadowed)!, /"package\.json" is a file .* move it away/);
    assert.equal(shadowProblem({ ...shadowed, chart: "cilium" }), undefined);
    assert.equal(shadowProblem({ chart: "./package.json" }), undefined);
});

test("a registry takes the place of an image's own", () => {
    const image = "ghcr.io/spiffe/spire-server";
    assert.equal(imageAt(undefined, image), image);
    assert.equal(imageAt("localhost:5000", image), "localhost:5000/spiffe/spire-server");
    assert.equal(imageAt("example.org/a/b", image), "example.org/a/b/spiffe/spire-server");
});

test("a registry is a host with a path, as container runtimes read it", () => {
    const ofRegistry = (registry: string) => problem({ images: { registry } });
    for (const registry of [
        ...["registry.example.org", "10.0.0.1:5000/mirror", "localhost/x", "mirror:5000"],
        ...["123456789012.dkr.ecr.eu-central-1.amazonaws.com/quay", "r.example.org/a-b/c__d/e.f"],
    ]) {
        assert.equal(ofRegistry(registry), undefined, registry);
    }
    for (const registry of [
        ...["mirror", "mirror/quay", "https://registry.example.org", "registry.example.org/"],
        ...["registry.example.org/Mirror", "r.example.org/a:b", "me@r.example.org", "", "r.x/-a"],
    ]) {
        assert.match(ofRegistry(registry)!, /images\.registry = .*must be a registry such as/);
    }
});

test("pull secrets are names of objects, each once", () => {
    const of = (...pullSecrets: string[]) => problem({ images: { pullSecrets } });
    assert.equal(of("regcred", "other.example"), undefined);
    assert.match(of("RegCred")!, /images\.pullSecrets\[0\] = "RegCred": must be the name of/);
    assert.match(of("a", "b", "a")!, /images\.pullSecrets = .*names a Secret twice/);
    const values = { imagePullSecrets: [{ name: "x" }] };
    assert.match(problem({ cilium: { values } })!, /imagePullSecrets: use images\.pullSecrets/);
});
