/** Configurations that were tried and cannot work: each is refused, and the user is told the key and the remedy. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConfigError, decodeSettings } from "../../../settings/decode";
import { amounts } from "./refused/amounts";
import { backups } from "./refused/backups";
import { ciliumKeys } from "./refused/cilium";
import { observabilityKeys } from "./refused/observability";
import { parts } from "./refused/parts";
import { places } from "./refused/places";
import { shapes } from "./refused/shapes";
import { workloads } from "./refused/workloads";

const subjects = {
    amounts,
    backups,
    ciliumKeys,
    observabilityKeys,
    parts,
    places,
    shapes,
    workloads,
};

for (const [subject, refusals] of Object.entries(subjects)) {
    describe(`refused: ${subject}`, () => {
        for (const { name, settings, message } of refusals) {
            test(name, () => {
                const raw = { trustDomain: "example.org", clusterName: "east", ...settings };
                assert.throws(
                    () => decodeSettings(raw),
                    (error) => {
                        assert.ok(error instanceof ConfigError, String(error));
                        assert.match(error.message, message);
                        return true;
                    },
                );
            });
        }
    });
}
