/**
 * What version 1 of the outputs promises to programs that read them. A member may come; one that goes, or becomes something
 * else, does not compile here: then it is version 2, and this file has what that promises.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTPUTS_VERSION, plainOutputs, type StackOutputs } from "../../outputs";
import { decodeSettings } from "../../settings/decode";

interface Version1 {
    outputsVersion: number;
    trustDomain: string;
    clusterName: string;
    spireVersion: string;
    ciliumVersion: string;
    spireServer: { address: string; namespace: string; statefulSet: string; container: string };
    spireAgent: { namespace: string; daemonSet: string };
    workloadSocket: string;
    adminSocket: string;
    trustBundle?: { namespace: string; configMap: string } | undefined;
    agents?: Record<string, string>;
}

/** Compiles as long as readers of version 1 find what they know. */
const asRead = (outputs: StackOutputs): Version1 => outputs;

test("version 1 has every value that it promised, in its place", () => {
    const settings = decodeSettings({
        trustDomain: "demo.local",
        clusterName: "demo",
        spire: {
            version: "1.15.3",
            server: { namespace: "a" },
            agent: { namespace: "b" },
            sockets: { workload: "/run/w/agent.sock", admin: "/run/a/admin.sock" },
        },
        cilium: { version: "1.19.6" },
    });
    const expected: Version1 = {
        outputsVersion: 1,
        trustDomain: "demo.local",
        clusterName: "demo",
        spireVersion: "1.15.3",
        ciliumVersion: "1.19.6",
        spireServer: {
            address: "spire-server.a.svc:8081",
            namespace: "a",
            statefulSet: "spire-server",
            container: "spire-server",
        },
        spireAgent: { namespace: "b", daemonSet: "spire-agent" },
        workloadSocket: "/run/w/agent.sock",
        adminSocket: "/run/a/admin.sock",
        trustBundle: { namespace: "b", configMap: "spire-bundle" },
    };
    assert.equal(OUTPUTS_VERSION, 1);
    assert.deepEqual(asRead(plainOutputs(settings)), expected);
});
