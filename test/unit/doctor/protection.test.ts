/** Settings that would delete what is protected are refused before anything is changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { objectKey } from "../../../doctor/ownership";
import { protectionProblem } from "../../../doctor/protection";
import { decode } from "../components/spire/arbitrary";

const KNOWN = new Set([
    objectKey("Namespace", "spire-system"),
    // Of Cilium's chart.
    objectKey("Namespace", "cilium-secrets"),
    objectKey("StatefulSet", "spire-server", "spire-system"),
    objectKey("DaemonSet", "spire-agent", "spire-system"),
]);
const moved = (namespace: string) => ({ server: { namespace }, agent: { namespace } });

test("a new stack, one that stays where it is, and agents that move elsewhere are allowed", () => {
    assert.equal(protectionProblem(decode(moved("other")), new Set()), undefined);
    assert.equal(protectionProblem(decode({}), KNOWN), undefined);
    assert.equal(protectionProblem(decode({ agent: { namespace: "other" } }), KNOWN), undefined);
});

test("a server that moves, and a namespace that goes, are refused with the way out", () => {
    const problem = protectionProblem(decode(moved("other")), KNOWN)!;
    assert.match(problem, /set protect to false for this "up"/);
    assert.match(
        problem,
        /spire\.server\.namespace = "other": would delete StatefulSet spire-system\/spire-server and namespace spire-system/,
    );
    assert.match(
        protectionProblem(decode({ createNamespaces: false }), KNOWN)!,
        /spire\.createNamespaces = false: would delete namespace spire-system with all that is in it/,
    );
});

test("a namespace of others is nothing that the stack could delete", () => {
    const theirs = new Set([...KNOWN].filter((key) => !key.startsWith("Namespace")));
    const problem = protectionProblem(
        decode({ createNamespaces: false, ...moved("other") }),
        theirs,
    )!;
    assert.doesNotMatch(problem, /would delete .*namespace/);
});

test("to leave the own SPIRE for someone else's is refused like any other end of it", () => {
    assert.match(
        protectionProblem(decode({ mode: "external" }), KNOWN)!,
        /spire\.mode = "external": would delete StatefulSet spire-system\/spire-server and namespace spire-system/,
    );
});

test("unprotected, everything is allowed", () => {
    const settings = { ...decode(moved("other")), protect: false };
    assert.equal(protectionProblem(settings, KNOWN), undefined);
});
