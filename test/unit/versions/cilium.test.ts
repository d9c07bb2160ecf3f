import assert from "node:assert/strict";
import { test } from "node:test";
import { ciliumVersionWarnings, unsupportedCilium } from "../../../versions/cilium";

test("1.15 to 1.20 are supported", () => {
    for (const version of ["1.15.0", "1.15.19", "1.18.12", "1.20.2"]) {
        assert.equal(unsupportedCilium(version), undefined);
    }
    assert.match(unsupportedCilium("1.14.19")!, /not supported; use 1\.15 to 1\.20/);
    assert.match(unsupportedCilium("1.21.0")!, /deprecated since 1\.20.*use 1\.15 to 1\.20/);
    assert.match(unsupportedCilium("2.1.0")!, /deprecated since 1\.20/);
});

test("releases with a known hole are named, fixed ones are not", () => {
    const holes = ["1.15.7", "1.15.19", "1.16.19", "1.17.17", "1.18.4", "1.18.11", "1.19.3"];
    for (const version of holes) {
        assert.match(ciliumVersionWarnings(version).join(), /GHSA-33qq-jq9c-6gcc/, version);
    }
    for (const version of ["1.17.18", "1.18.12", "1.19.6"]) {
        assert.deepEqual(ciliumVersionWarnings(version), [], version);
    }
});

test("1.15 before 1.15.8 can crash", () => {
    assert.match(ciliumVersionWarnings("1.15.7").join(), /can crash/);
    assert.doesNotMatch(ciliumVersionWarnings("1.15.8").join(), /can crash/);
});

test("1.20 is deprecated", () => {
    assert.deepEqual(ciliumVersionWarnings("1.20.2").length, 1);
    assert.match(ciliumVersionWarnings("1.20.2")[0]!, /removal is announced/);
});
