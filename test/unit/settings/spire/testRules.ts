/** Each rule, with the message that a user sees: key, value and remedy. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "../../components/spire/arbitrary";

/** What is refused, and how; `accepted` is the nearest thing that is not. */
export interface Rule {
    name: string;
    refused: object;
    message: RegExp;
    accepted: object;
}

export function testRules(rules: Rule[]): void {
    describe("refused, with key and remedy", () => {
        for (const { name, refused, message, accepted } of rules) {
            test(name, () => {
                assert.throws(() => decode(refused), message);
                assert.doesNotThrow(() => decode(accepted));
            });
        }
    });
}
