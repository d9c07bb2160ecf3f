/** What a preview's JSON is read into, and what is said of text that is none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asMarkdown } from "../../../review/markdown";
import { previewOf } from "../../../review/preview";
import { hasChanges, onlyNodes, reviewOf } from "../../../review/review";
import { asText } from "../../../review/text";
import { differences } from "../../../review/values";

describe("refused, with what it is instead", () => {
    const cases: Record<string, [text: string, said: RegExp]> = {
        nothing: [" \n", /it is empty: .* failed before the preview began/],
        "what a preview prints for people": ["Previewing update (dev):\n", /not JSON: write it by/],
        "a state": [
            '{ "version": 3, "deployment": {} }',
            /not what "pulumi preview --json" prints/,
        ],
        "a list": ["[]", /not what "pulumi preview --json" prints/],
        "a digest of another shape": ['{ "steps": [{ "op": 1 }] }', /prints \(steps\.0\.op\)/],
        "events that were cut off": [
            '{ "sequence": 1 }\n{ "sequ',
            /line 2 is no event of Pulumi's/,
        ],
    };
    for (const [what, [text, said]] of Object.entries(cases)) {
        test(what, () => assert.throws(() => previewOf(text), said));
    }
});

const URN = "urn:pulumi:dev::cilium-spire::";

/** A step of a digest. */
function step(op: string, type: string, name: string, before?: object, after?: object) {
    const state = (inputs?: object) => inputs && { custom: true, inputs, outputs: inputs };
    return {
        ...{ op, urn: `${URN}${type}::${name}` },
        ...{ oldState: state(before), newState: state(after) },
    };
}

function digest(steps: object[], more: object = { changeSummary: { same: 1 } }) {
    return reviewOf(previewOf(JSON.stringify({ steps, ...more })));
}

test("a preview without a sum did not come to its end", () => {
    const found = digest([step("create", "a:b:Thing", "x", undefined, {})], {
        diagnostics: [{ severity: "error", message: "error: broken\n" }],
    });
    assert.deepEqual([found.complete, found.errors], [false, ["broken"]]);
    assert.match(asText(found), /^dev: it did not come to its end; as far as it came: 1 to create/);
    assert.match(asMarkdown(found), /^### Preview of dev failed\n/);
});

test("components, what stays the same and new providers are no changes", () => {
    const component = {
        ...{ op: "create", urn: `${URN}cilium-spire:spire:Server::spire` },
        newState: { custom: false },
    };
    const found = digest([
        component,
        step("same", "kubernetes:core/v1:Pod", "x", {}, {}),
        step("create", "pulumi:providers:kubernetes", "cluster", undefined, {}),
    ]);
    assert.equal(hasChanges(found), false);
    assert.equal(asText(found), "dev: nothing would change; 1 unchanged");
});

test("a secret is never shown, whether Pulumi or Kubernetes knows it for one", () => {
    const blinded = (ciphertext: string) => ({
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        ciphertext,
    });
    const secret = (password: string) => ({
        ...{ kind: "Secret", metadata: { name: "x" } },
        stringData: { password },
    });
    const found = digest([
        step("update", "kubernetes:core/v1:Secret", "x", secret("hunter2"), secret("hunter3")),
        step(
            "update",
            "a:b:Thing",
            "y",
            { p: blinded("hunter4") },
            { p: "plain", q: [blinded("hunter5")] },
        ),
    ]);
    const text = asText(found);
    assert.doesNotMatch(text + asMarkdown(found), /hunter/);
    assert.match(text, /stringData\.password differs/);
    assert.match(text, / {4}p: "\[secret\]" → plain/);
    assert.match(text, /q added: \["\[secret\]"\]/);
});

test("names and values are no markup, and call nobody", () => {
    const name = "a`**b**</details>@team\u202e\n# x";
    const markdown = asMarkdown(digest([step("delete", "a:b:Thing", name, {})]));
    const outside = markdown.replace(/^(`{3,})\w+\n[^]*?\n\1$/gm, "");
    assert.doesNotMatch(outside, /team/);
    assert.match(markdown, /^- Thing: a`\*\*b\*\*<\/details>@team�+# x$/m);
    const fence = asMarkdown(digest([step("delete", "a:b:Thing", "````", {})]));
    assert.match(fence, /^`{5}diff\n- Thing: ````\n`{5}$/m);
    const stack = asMarkdown({ ...digest([]), stack: "<b>@x" });
    assert.match(stack, /^### Preview of &#60;b&#62;&#64;x$/m);
});

test("a comment that would be too long ends with what is missing", () => {
    const steps = Array.from({ length: 3000 }, (_, i) =>
        step("update", "kubernetes:core/v1:ConfigMap", `map-${i}`, { a: i }, { a: "x" }),
    );
    const errors = Array.from({ length: 500 }, (_, i) => `${i} ${"x".repeat(200)}`);
    const diagnostics = errors.map((message) => ({ severity: "warning", message }));
    const found = digest(steps, { diagnostics, changeSummary: {} });
    const markdown = asMarkdown(found);
    assert.ok(markdown.length > 60_000 && markdown.length <= 65_000, String(markdown.length));
    const shown = markdown.match(/^[ !] .*(ConfigMap|a: \d).*$/gm)!.length;
    const [, dropped] = /^(\d+) more lines do not fit/m.exec(markdown)!;
    assert.equal(shown + Number(dropped), 6000);
    assert.equal(markdown.match(/^```/gm)!.length % 2, 0);
});

test("the doctor that looks again is no change beside nodes that joined", () => {
    const set = (nodes: string[]) => ({
        entries: Object.fromEntries(
            nodes.map((node) => [`${node}/link`, { id: `p.${node}.link` }]),
        ),
    });
    const command = (entries: object, stdin = "[secret]") => ({ triggers: ["1", entries], stdin });
    const [one, two] = [set(["a"]), set(["a", "b"])];
    const review = (stdin?: string) =>
        digest([
            step("update", "pulumi-nodejs:dynamic/spire:AgentEntries", "cilium", one, two),
            {
                ...step(
                    "replace",
                    "command:local:Command",
                    "verify",
                    command(one),
                    command(two, stdin),
                ),
                replaceReasons: ["triggers"],
            },
        ]);
    assert.equal(onlyNodes(review()), true);
    assert.equal(onlyNodes(review("other settings")), false);
    assert.deepEqual(asText(review()).split("\n").slice(-2), [
        "  ~ Command verify (replaced, by triggers)",
        "      triggers differs",
    ]);
});

test("what many have in common is said once, and restarts come first", () => {
    const labels = (chart: string, more: object = {}) => ({ labels: { chart }, ...more });
    const steps = ["a", "b", "c"].map((name) =>
        step("update", "k:c/v1:ConfigMap", name, labels("1"), labels("2")),
    );
    const image = (of: string) => ({ spec: ["x", "y", "z"].map((name) => ({ name, image: of })) });
    const before = labels("1", image("i:1"));
    const found = digest([
        ...steps,
        step("replace", "k:c/v1:Service", "s", { port: 1 }, { port: 2 }),
        step("update", "k:apps/v1:DaemonSet", "d", before, labels("2", image("i:2"))),
        step("update", "a:b:Rollout", "r", { x: 1 }, { x: 2 }),
    ]);
    assert.deepEqual(asText(found).split("\n").slice(3), [
        "  ~ DaemonSet d",
        "      spec[x].image and 2 more: i:1 → i:2",
        "  ~ Service s (replaced)",
        "      port: 1 → 2",
        "  ~ Rollout: r",
        "  ~ in 4 resources, labels.chart: 1 → 2: DaemonSet d, ConfigMap a, ConfigMap b, ConfigMap c",
    ]);
});

describe("differences", () => {
    const cases: Record<string, [before: unknown, after: unknown, lines: string[]]> = {
        "what Pulumi keeps for itself": [{ __provider: "a", x: 1 }, { __provider: "b", x: 1 }, []],
        "items with names": [
            { c: [{ name: "a", image: "x:1" }, { name: "b" }] },
            { c: [{ name: "b" }, { name: "a", image: "x:2" }] },
            ["c[a].image: x:1 → x:2"],
        ],
        "items without": [{ a: ["x", "y"] }, { a: ["y", "z"] }, ["a: x → z"]],
        "a configuration file": [
            { data: { "agent.conf": '{"agent":{"log_level":"INFO"}}' } },
            { data: { "agent.conf": '{"agent":{"log_level":"DEBUG"}}' } },
            ["data[agent.conf]: agent.log_level: INFO → DEBUG"],
        ],
        "what is not known yet": [
            { a: 1 },
            { a: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" },
            ["a: 1 → known after the up"],
        ],
        "a long text": [
            { a: `${"x".repeat(100)}one` },
            { a: `${"x".repeat(100)}two` },
            ["a: …xxxxxxxxxxxxxxxxone → …xxxxxxxxxxxxxxxxtwo"],
        ],
    };
    for (const [what, [before, after, lines]] of Object.entries(cases)) {
        test(what, () => {
            const found = differences(before, after);
            assert.deepEqual(
                found.map(({ path, before, after }) => `${path}: ${before ?? ""} → ${after ?? ""}`),
                lines,
            );
        });
    }
});
