/** docs/policies.md has the policies of examples/policies as they are, and pictures of what they do. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { authPolicySpec } from "../../../components/cilium/authPolicySpec";
import { policyFile, policyPicture } from "../../../docs/pictures/policies";
import { themes } from "../../../docs/pictures/theme";
import { RULES } from "../../../examples/policies/rules";
import { SCENES } from "../../../examples/policies/scenes";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { blocksOf, linksOf, read } from "../../support/markdown";

const DOCUMENT = "docs/policies.md";
/** What MutualAuthPolicy has no words for. */
const BY_HAND = ["http", "mutual-auth-by-label"];

interface Policy {
    metadata: { name: string; namespace?: string };
    spec: unknown;
}

const names = Object.keys(SCENES);
const textOf = (name: string) => read(`examples/policies/${name}.yaml`);

test("every policy of the folder has a scene", () => {
    const files = readdirSync(join(repositoryRoot, "examples/policies"));
    const policies = files.filter((file) => file.endsWith(".yaml"));
    assert.deepEqual(policies.sort(), names.map((name) => `${name}.yaml`).sort());
});

for (const [name, scene] of Object.entries(SCENES)) {
    test(`${name} stands in the document as it is, with its pictures`, () => {
        const blocks = blocksOf(DOCUMENT, read(DOCUMENT)).map(({ text }) => text);
        assert.ok(blocks.includes(textOf(name)), `the block of ${name} differs from the file`);
        for (const theme of themes) {
            const file = policyFile(name, theme);
            assert.equal(read(file), policyPicture(theme, scene), "stale: npm run -s pictures");
            assert.ok(linksOf(DOCUMENT).some(({ text }) => `docs/${text}` === file));
        }
    });
}

test("MutualAuthPolicy makes the same, of all but those that it has no words for", () => {
    const policies = names.flatMap((name) =>
        parseAllDocuments(textOf(name)).map((document) => document.toJS() as Policy),
    );
    const left = policies.map(({ metadata }) => metadata.name).filter((name) => !(name in RULES));
    assert.deepEqual(left.sort(), BY_HAND);
    for (const [name, { namespace, ...rules }] of Object.entries(RULES)) {
        const policy = policies.find(({ metadata }) => metadata.name === name);
        assert.ok(policy, name);
        assert.equal(policy.metadata.namespace, namespace, name);
        assert.deepEqual(policy.spec, authPolicySpec(rules), name);
    }
});
