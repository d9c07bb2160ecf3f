import assert from "node:assert/strict";
import { test } from "node:test";
import { placesIn, wavesOf } from "../../../fleet/waves";

test("waves of stacks, in their order", () => {
    const waves = wavesOf("waves: [[canary], [eu-1, eu-2]]", "fleet.yaml");
    assert.deepEqual(waves, [["canary"], ["eu-1", "eu-2"]]);
    assert.deepEqual(placesIn(waves), [
        { stack: "canary", at: 'waves[0][0] = "canary"' },
        { stack: "eu-1", at: 'waves[1][0] = "eu-1"' },
        { stack: "eu-2", at: 'waves[1][1] = "eu-2"' },
    ]);
});

const REFUSED: [text: string, says: RegExp][] = [
    ["", /the file: must have the key waves, which must be a list of waves/],
    ["[[a]]", /the file: must have the key waves/],
    ["waves: [[a]]\nwave: [b]", /the file: has other keys than waves; remove them/],
    ["waves:", /waves: must be a list of waves, each a list of stacks, such as/],
    ["waves: []", /waves: is empty; name a stack in it, or remove it/],
    ["waves: [a]", /waves\[0\]: must be a list of stacks, such as \[eu-1, eu-2\]/],
    ["waves: [[a], []]", /waves\[1\]: is empty; name a stack in it, or remove it/],
    ["waves: [[a, 7]]", /waves\[0\]\[1\]: must be the name of a stack, .* in quotes if it is a/],
    ["waves: [[org/a]]", /waves\[0\]\[0\]: must be the name of a stack, as in Pulumi\.NAME\.yaml/],
    ["waves: [['']]", /waves\[0\]\[0\]: must be the name of a stack/],
    [
        "waves: [[a, b], [b]]",
        /waves\[1\]\[0\] = "b": is there already, as waves\[0\]\[1\] = "b"; name each stack once/,
    ],
    ["waves: [[a", /^fleet\.yaml: is not YAML: /],
];

for (const [text, says] of REFUSED) {
    test(`refused: ${JSON.stringify(text)}`, () => {
        assert.throws(
            () => wavesOf(text, "fleet.yaml"),
            ({ message }: Error) => {
                assert.match(
                    message,
                    /^fleet\.yaml: is not YAML|^fleet\.yaml is wrong; nothing was changed\./,
                );
                assert.match(message, says);
                return true;
            },
        );
    });
}

test("everything that is wrong is told at once", () => {
    assert.throws(() => wavesOf("waves: [[], [7], b]", "f"), /waves\[0\].*waves\[1\].*waves\[2\]/s);
});
