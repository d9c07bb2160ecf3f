import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDrops } from "../../../../doctor/traffic/drops";

/** As the releases print them (cilium pkg/monitor/datapath_drop.go), behind the time that the script puts before them. */
const OUTPUT = [
    "1764490000 Press Ctrl-C to quit",
    "1764490001 xx drop (Authentication required) flow 0x0 to endpoint 1205, ifindex 14, file bpf_lxc.c:2134, , identity 4110->818: 10.0.1.2:41782 -> 10.0.2.3:8080 tcp SYN",
    "1764490002 xx drop (Policy denied) flow 0x7d4ce3 to endpoint 0, ifindex 9, file bpf_lxc.c:1357, , identity 818->16777217: [fd00::3]:5353 -> [2001:db8::1]:53 udp",
    "1764490003 xx drop (Policy denied) flow 0x0 to endpoint 1205, , identity remote-node->818: 10.0.1.2 -> 10.0.2.3 EchoRequest",
    "1764490004 xx drop (CT: Map insertion failed) flow 0x0 to endpoint 1, , identity 4110->818: 10.0.1.2:1 -> 10.0.2.3:2 icmp",
    "",
].join("\n");

test("drops with ports are read, by time, reason, identities and place", () => {
    assert.deepEqual(parseDrops(OUTPUT, "node-1"), [
        {
            ...{ node: "node-1", at: 1764490001, reason: "Authentication required" },
            ...{ from: "10.0.1.2", to: "10.0.2.3", fromIdentity: 4110, toIdentity: 818 },
            ...{ port: 8080, protocol: "TCP" },
        },
        {
            ...{ node: "node-1", at: 1764490002, reason: "Policy denied" },
            ...{ from: "fd00::3", to: "2001:db8::1", fromIdentity: 818, toIdentity: 16777217 },
            ...{ port: 53, protocol: "UDP" },
        },
    ]);
});
