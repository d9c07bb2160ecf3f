/** What a user is told, whatever is wrong: configurations drawn from the schema, with a few places changed for the worse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ConfigError, decodeSettings } from "../../../settings/decode";
import { settingsSchema } from "../../../settings/schema";
import { arbitraryOf } from "../components/spire/arbitrary";

type Data = Record<string, unknown>;

/** Values that fit nowhere, or only here and there. */
const bad = fc.oneof(
    fc.constantFrom<unknown>(
        ...[
            null,
            true,
            0,
            -1,
            1.5,
            1e300,
            NaN,
            "",
            "x y",
            "ü",
            "\u0000",
            "-1Gi",
            "lots",
            "0s",
            "${x}",
        ],
        ...[
            "a".repeat(1_000_000),
            "\ud800",
            "https://user:secret@a",
            [],
            {},
            [[]],
            { a: { b: 1 } },
        ],
        ...[{ "a b": "x" }, [null], ["a", "a"], "__proto__", { nodeLabels: {}, alias: "/a" }],
        JSON.parse('{"__proto__":{"x":1}}'),
    ),
    fc.jsonValue({ maxDepth: 3 }),
    fc.string({ unit: "binary" }),
);
/** Keys that are none, or that are another's. */
const badKey = fc.constantFrom(
    "typo",
    "replica",
    "secretName",
    "__proto__",
    "a b",
    "",
    "k".repeat(1e5),
);

interface Change {
    /** Chooses the way down, a number for each level. */
    way: number[];
    value: unknown;
    /** A key to add instead. */
    key: string | undefined;
}

const change: fc.Arbitrary<Change> = fc.record({
    way: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
    value: bad,
    key: fc.option(badKey, { nil: undefined, freq: 3 }),
});

/** The data with one place changed. */
function changed(data: Data, { way: [step, ...way], value, key }: Change): Data {
    const keys = Object.keys(data);
    const at = keys[step! % keys.length];
    if (at === undefined || (way.length === 0 && key !== undefined)) {
        return { ...data, [key ?? "typo"]: value };
    }
    const inner = data[at];
    const deeper = way.length > 0 && typeof inner === "object" && inner !== null;
    const next = deeper ? changed(inner as Data, { way, value, key }) : value;
    const copy = (Array.isArray(data) ? [...(data as unknown[])] : { ...data }) as Data;
    copy[at] = next;
    return copy;
}

const roots = Object.keys(settingsSchema.shape).join("|");
/** A key or a part of one, perhaps its value, the problem, and what to do. */
const LINE = new RegExp(
    `^(p:(${roots}|\\["|typo|replica|secretName|__proto__|k+ )|\\.\\.\\. and \\d+ more; )`,
);
const REMEDY = /; | must (be|have|not|name)\b|\buse\b/;
const RAW =
    /Invalid (input|key|option|string)|Too (big|small)|Unrecognized|expected|\n {4}at |undefined|\[object/;

function assertClear(message: string): void {
    const [heading, ...lines] = message.split("\n  ");
    assert.equal(heading, "The stack configuration is wrong; nothing was changed.");
    assert.ok(Buffer.byteLength(message) < 4096, `${Buffer.byteLength(message)} bytes`);
    assert.ok(lines.length > 0);
    for (const line of lines) {
        assert.match(line, LINE);
        assert.match(line, REMEDY);
        assert.doesNotMatch(line, RAW);
        assert.doesNotMatch(line, /user:secret/);
    }
}

test("nothing but a ConfigError is thrown, and it is clear", () => {
    let refused = 0;
    const drawn = arbitraryOf(settingsSchema) as fc.Arbitrary<Data>;
    fc.assert(
        fc.property(drawn, fc.array(change, { maxLength: 4 }), (data, changes) => {
            const valid = { ...data, trustDomain: "example.org", clusterName: "east" };
            const raw = changes.reduce(changed, valid);
            try {
                decodeSettings(raw, "p:");
            } catch (error) {
                assert.ok(error instanceof ConfigError, String(error));
                assertClear(error.message);
                refused++;
            }
        }),
        { numRuns: 1000 },
    );
    assert.ok(refused > 500, `only ${refused} were refused`);
});
