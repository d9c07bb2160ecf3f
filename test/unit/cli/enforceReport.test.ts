/** What `enforce` says of what it saw and did. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { asJson, asText, isWell } from "../../../cli/enforceReport";
import type { Forecast } from "../../../doctor/traffic/forecast";
import type { Enforcement } from "../../../enforcement/enforce";
import type { Trial } from "../../../enforcement/trial";

const REFUSED: Forecast = {
    ...{ verdict: "refused", port: 8080, protocol: "TCP", why: "no rule of the policy names it" },
    ...{ from: { identity: 6, name: "remote-node" }, to: { identity: 1001, name: "shop/web" } },
};
const KEPT: Trial = {
    ...{ policy: "shop/a", verdict: "kept", seconds: 120, authenticated: 1, refused: [] },
};
const LOOKED: Enforcement = {
    ...{ lookSeconds: 30, pods: 2, forecasts: [], unexpected: [], trials: [] },
};

const said = (more: Partial<Enforcement>) =>
    stripVTControlCharacters(asText({ ...LOOKED, ...more }, ["a.yaml", "b.yaml"])).split("\n");

test("nothing was changed, since somebody would be refused or since it was only asked", () => {
    const more = { forecasts: [REFUSED], unexpected: [REFUSED] };
    const lines = said(more);
    assert.match(lines[1]!, /^refused +remote-node \(6\) +shop\/web \(1001\)/);
    assert.equal(
        lines.at(-1),
        "Nothing was changed: 1 of 1 pairs would be refused, by connections to 2 pods within 30 s. Name them in a rule, cure what is wrong, or, where it is meant: --refuse remote-node",
    );
    assert.equal(isWell({ ...LOOKED, ...more }), false);
    assert.deepEqual(said({}), [
        "Nothing was changed. Nobody would be refused who is not meant to be, by connections to 2 pods within 30 s.",
    ]);
    assert.equal(isWell(LOOKED), true);
});

test("what was kept goes where policies come from", () => {
    assert.deepEqual(said({ trials: [KEPT, { ...KEPT, policy: "shop/b", authenticated: 2 }] }), [
        "kept        shop/a: nobody was refused within 120 s, 1 pair of identities authenticated",
        "kept        shop/b: nobody was refused within 120 s, 2 pairs of identities authenticated",
        "They are on the cluster alone: put a.yaml, b.yaml where your policies come from.",
    ]);
});

test("what was taken back says who was refused, or what Cilium has against it", () => {
    const { from, to, port, protocol } = REFUSED;
    const reason = "Policy denied";
    const refused = [{ from, to, port, protocol, reason, seconds: 7, node: "node-1" }];
    const back: Trial = { ...KEPT, policy: "shop/b", verdict: "taken back", refused };
    assert.deepEqual(said({ trials: [KEPT, back] }).slice(1), [
        "taken back  shop/b: remote-node (6) to shop/web (1001) at 8080/TCP, Policy denied, for 7 s on node-1",
        "It is as it was before; the 1 before it stays.",
    ]);
    const invalid: Trial = { ...back, refused: [], invalid: "no proxy" };
    assert.deepEqual(said({ trials: [invalid] }), [
        "taken back  shop/b: Cilium says: no proxy",
        "It is as it was before.",
    ]);
    const { well, trials } = JSON.parse(asJson({ ...LOOKED, trials: [back] })) as Enforcement & {
        well: boolean;
    };
    assert.equal(well, false);
    assert.equal(trials[0]!.refused[0]!.reason, reason);
});
