/** Each reason for which a connection would be refused or not, and how it is printed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { asJson, asText, isReady } from "../../../../cli/observeReport";
import type { Connection } from "../../../../doctor/traffic/connections";
import { isOfPods, RESERVED } from "../../../../doctor/identities";
import type { Endpoint } from "../../../../doctor/traffic/endpoints";
import { type Demand, forecast, type Scenario } from "../../../../doctor/traffic/forecast";

const endpoint = (name: string, identity: number, node?: string): Endpoint => ({
    namespace: name.split("/")[0]!,
    name: name.split("/")[1]!,
    ...{ identity, node, labels: {}, namedPorts: {} },
});
const SCENARIO: Scenario = {
    endpoints: new Map([
        ["10.0.0.1", endpoint("shop/payments", 1001, "node-1")],
        ["10.0.0.2", endpoint("shop/checkout", 1002, "node-2")],
        ["10.0.0.3", endpoint("shop/excluded", 1002, "node-3")],
        ["10.0.0.4", endpoint("shop/orphan", 1004, "node-1")],
        ["10.0.0.5", endpoint("other/web", 1005)],
    ]),
    registered: new Set([1001, 1002, 1005]),
    servedNodes: new Set(["node-1", "node-2"]),
    labelsOf: () => ({}),
    nameOf: (id, address) => RESERVED[id] ?? (isOfPods(id) ? `name-${id}` : address),
    demandOn: (_, { namespace }) => (namespace === "shop" ? "authenticate" : undefined),
};

function connection(from: string, identity: number, to = "10.0.0.1"): Connection {
    return { from, to, port: 8080, protocol: "TCP", identity };
}

const judged = (...connections: Connection[]) =>
    forecast(connections, SCENARIO).map(({ verdict, why }) => `${verdict}: ${why}`);

test("each client has its verdict and its reason", () => {
    const reserved = "can never authenticate; name it in a rule without authentication";
    const cases: [Connection, string][] = [
        [connection("10.0.0.2", 1002), "passes: both sides are registered"],
        [connection("10.0.0.5", 1005), "passes: both sides are registered"],
        [connection("192.0.2.1", 1), "exempt: the pod's own node, such as the kubelet's probes"],
        ...[2, 3, 4, 5, 6, 7, 8].map((identity): [Connection, string] => [
            connection("192.0.2.1", identity),
            `refused: a reserved identity, which ${reserved}`,
        ]),
        [
            connection("198.51.100.1", 16777217),
            `refused: an address outside the cluster, which ${reserved}`,
        ],
        [connection("10.0.0.4", 1004), "refused: its identity 1004 has no registration entry"],
        [
            connection("10.0.0.2", 1002, "10.0.0.4"),
            "refused: the server's identity 1004 has no registration entry",
        ],
        [connection("10.0.0.3", 1002), "refused: its node node-3 gets no identities from SPIRE"],
        [
            connection("10.0.0.2", 1002, "10.0.0.3"),
            "refused: the server's node node-3 gets no identities from SPIRE",
        ],
    ];
    for (const [given, expected] of cases) assert.deepEqual(judged(given), [expected]);
});

test("who does not have to authenticate is not refused, but who is not named at all", () => {
    const asked = (demand: Demand) =>
        forecast([connection("198.51.100.1", 16777217)], { ...SCENARIO, demandOn: () => demand });
    const verdicts = (["nothing", "as before", "unnamed"] as const).map((demand) => {
        const [{ verdict, why } = assert.fail()] = asked(demand);
        return `${verdict}: ${why}`;
    });
    assert.deepEqual(verdicts, [
        "exempt: the policy does not ask it to authenticate",
        "exempt: no rule of the policy names it; another lets it in",
        "refused: no rule of the policy names it",
    ]);
});

test("connections to other namespaces and to unknown addresses are nobody's affair", () => {
    assert.deepEqual(judged(connection("10.0.0.2", 1002, "10.0.0.5")), []);
    assert.deepEqual(judged(connection("10.0.0.2", 1002, "10.9.9.9")), []);
});

test("of several pods of one identity, the one that would be refused counts, whichever is seen first", () => {
    const both = [connection("10.0.0.2", 1002), connection("10.0.0.3", 1002)];
    for (const seen of [both, both.toReversed()]) {
        assert.deepEqual(judged(...seen), [
            "refused: its node node-3 gets no identities from SPIRE",
        ]);
    }
});

test("a client is named by what it is: a pod's identity, a reserved one, an address", () => {
    const names = [
        connection("10.0.0.2", 1002),
        connection("192.0.2.1", 7),
        connection("198.51.100.1", 16777217),
    ].map((seen) => forecast([seen], SCENARIO)[0]!.from.name);
    assert.deepEqual(names, ["name-1002", "kube-apiserver", "198.51.100.1"]);
});

test("identities of pods are those between the reserved ones and those of addresses", () => {
    const asked = [0, 1, 255, 256, 16777215, 16777216, 33554433].map(isOfPods);
    assert.deepEqual(asked, [false, false, false, true, true, false, false]);
});

test("the report has a line for each, those who would be refused first, and the sum", () => {
    const seen = [connection("192.0.2.1", 1), connection("10.0.0.2", 1002), connection("x", 6)];
    const forecasts = forecast(seen, SCENARIO);
    const observation = {
        namespace: "shop",
        seconds: 60,
        pods: 4,
        never: [],
        forecasts,
        policies: [],
    };
    assert.equal(isReady(observation), false);
    assert.deepEqual(stripVTControlCharacters(asText(observation)).split("\n"), [
        "VERDICT  FROM              TO                PORT      WHY",
        "refused  remote-node (6)   name-1001 (1001)  8080/TCP  a reserved identity, which can never authenticate; name it in a rule without authentication",
        "passes   name-1002 (1002)  name-1001 (1001)  8080/TCP  both sides are registered",
        "exempt   host (1)          name-1001 (1001)  8080/TCP  the pod's own node, such as the kubelet's probes",
        "",
        "1 of 3 pairs would be refused, by connections to 4 pods within 60 s.",
    ]);
});

test("what must never require authentication is not ready, whoever connects", () => {
    const quiet = {
        namespace: "shop",
        seconds: 5,
        pods: 1,
        never: [],
        forecasts: [],
        policies: [],
    };
    assert.equal(isReady(quiet), true);
    assert.equal(
        asText(quiet),
        "No connections to 1 pod within 5 s: nothing can be said of who would be refused.",
    );
    const never = { ...quiet, never: ["DNS"] };
    assert.match(asText(never), /^shop must never require authentication: .* \(DNS\)\.$/m);
    assert.equal((JSON.parse(asJson(never)) as { ready: boolean }).ready, false);
});
