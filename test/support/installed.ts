/** Settings of stacks that install their SPIRE, as most tests have them. */
import assert from "node:assert/strict";
import { installsSpire, type InstallStack, type Settings } from "../../settings/schema";

export function installed(settings: Settings): InstallStack {
    assert.ok(installsSpire(settings));
    return settings;
}
