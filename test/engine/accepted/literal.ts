/** Whether text of the user's stays text: what is made of hostile words differs from what is made of plain ones in them alone. */
import assert from "node:assert/strict";
import { HOSTILE, type Raw } from "../../unit/components/spire/arbitrary";

/** Stands for each hostile word; it needs no quotes anywhere. */
const plain = (i: number) => `plain${i}x`;
const PLAIN = /plain\d+x/;
const EXACTLY_PLAIN = /^plain(\d+)x$/;
/** Are to differ. */
const CHECKSUM = /checksum$/;

/** The configuration with plain words for the hostile ones; undefined when there are none. */
export function withPlainWords(raw: Raw): Raw | undefined {
    const before = JSON.stringify(raw);
    const text = JSON.stringify(raw, (_, value: unknown) => {
        const i = HOSTILE.indexOf(value as string);
        if (i === -1) return value;
        // A selector stays one.
        const [selector = ""] = /^k8s:pod-label:a:/.exec(HOSTILE[i]!) ?? [];
        return selector + plain(i);
    });
    return text === before ? undefined : (JSON.parse(text) as Raw);
}

/** @throws AssertionError where a value made of hostile words is another than a string in the place of the plain ones. */
export function assertLiteral(hostile: unknown, ofPlain: unknown, path = "it"): void {
    if (typeof ofPlain === "string" && PLAIN.test(ofPlain)) {
        assert.equal(typeof hostile, "string", `${path} is no string any more`);
        const exactly = EXACTLY_PLAIN.exec(ofPlain);
        if (exactly) assert.equal(hostile, HOSTILE[Number(exactly[1])], path);
    } else if (typeof ofPlain === "object" && ofPlain !== null) {
        assert.ok(typeof hostile === "object" && hostile !== null, `${path} has no members`);
        assert.deepEqual(Object.keys(hostile), Object.keys(ofPlain), `keys of ${path}`);
        for (const [key, value] of Object.entries(ofPlain)) {
            if (CHECKSUM.test(key)) continue;
            assertLiteral((hostile as Raw)[key], value, `${path}.${key}`);
        }
    } else {
        assert.deepEqual(hostile, ofPlain, path);
    }
}
