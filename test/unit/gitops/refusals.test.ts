/** What cannot be rendered is refused, with key and remedy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { secretProblems } from "../../../gitops/tidy";
import { ConfigError } from "../../../settings/decode";
import { renderable } from "./settings";

const workload = (parent: object) => ({
    workloads: { shop: { path: "/shop", selectors: ["k8s:ns:shop"], parent } },
});

const REFUSED: [name: string, settings: object, message: RegExp][] = [
    [
        "entries that name nodes",
        { registration: { strategy: "perAgent" } },
        /registration\.strategy = "perAgent": .*set it to nodeAlias/,
    ],
    ["a Cilium of others", { cilium: { mode: "adopt" } }, /cilium\.mode = "adopt": .*use install/],
    [
        "a trust domain that is given up",
        { replaceTrustDomain: "old.example.org" },
        /replaceTrustDomain = "old\.example\.org": .*remove it/,
    ],
    [
        "a workload on chosen nodes",
        workload({ nodeLabels: { disk: "ssd" } }),
        /workloads\.shop\.parent\.nodeLabels: .*parent\.alias/,
    ],
];

for (const [name, settings, message] of REFUSED) {
    test(`refused: ${name}`, () => {
        assert.throws(
            () => renderable(settings),
            (error) => error instanceof ConfigError && message.test(error.message),
        );
    });
}

test("all of it is said at once", () => {
    const all = { registration: {}, cilium: { mode: "adopt" } };
    assert.throws(() => renderable(all), /cilium\.mode.*\n.*registration\.strategy/);
});

test("a Secret of the chart is refused, unless it is empty", () => {
    const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "ca", namespace: "kube" },
    };
    assert.deepEqual(secretProblems([secret]), []);
    const [problem, ...others] = secretProblems([{ ...secret, data: { "ca.key": "eA==" } }]);
    assert.match(problem!, /^cilium\.values: Cilium's chart makes the Secret kube\/ca of them/);
    assert.deepEqual(others, []);
});
