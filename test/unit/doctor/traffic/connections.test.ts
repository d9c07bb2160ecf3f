import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConnections } from "../../../../doctor/traffic/connections";

/** As releases print them: 1.15 counts both directions apart, 1.18 has no NatPort, 1.20 has one. */
const TABLE = [
    "TCP IN 10.245.2.112:41782 -> 10.245.1.21:8080 expires=30305 (remaining: 7 sec(s)) RxPackets=5 RxBytes=370 RxFlagsSeen=0x13 LastRxReport=30295 TxPackets=4 TxBytes=280 TxFlagsSeen=0x13 LastTxReport=30295 Flags=0x0013 [ RxClosing TxClosing SeenNonSyn ] RevNAT=0 SourceSecurityID=4110 IfIndex=0 ",
    "TCP IN 10.245.2.112:41790 -> 10.245.1.21:8080 expires=30306 (remaining: 7 sec(s)) Packets=0 Bytes=0 RxFlagsSeen=0x13 LastRxReport=30295 TxFlagsSeen=0x13 LastTxReport=30295 Flags=0x0413 [ RxClosing TxClosing SeenNonSyn FromTunnel ] RevNAT=0 SourceSecurityID=4110 BackendID=0 ",
    "UDP IN 10.89.5.12:5353 -> 10.245.1.21:53 expires=30306 (remaining: 7 sec(s)) Packets=0 Bytes=0 RxFlagsSeen=0x00 LastRxReport=30296 TxFlagsSeen=0x00 LastTxReport=30296 Flags=0x0000 [ ] RevNAT=0 SourceSecurityID=6 BackendID=0 NatPort=0 ",
    "TCP IN 10.245.2.112:41800 -> 10.245.1.21:9090 expires=30195 (remaining: -112 sec(s)) RevNAT=0 SourceSecurityID=4110 BackendID=0 NatPort=0 ",
    "TCP IN [fd00::1:41782] -> broken",
    "TCP IN [fd00::1]:41782 -> [fd00::2]:443 expires=1 (remaining: 7 sec(s)) SourceSecurityID=7 BackendID=0 NatPort=0 ",
    "TCP OUT 10.245.1.24:56498 -> 10.245.1.21:8080 expires=30306 (remaining: 7 sec(s)) RevNAT=0 SourceSecurityID=59111 BackendID=0 NatPort=0 ",
    "ICMP IN 10.245.2.112:0 -> 10.245.1.21:0 related expires=30355 (remaining: 7 sec(s)) RevNAT=0 SourceSecurityID=4110 BackendID=0 NatPort=0 ",
    "",
].join("\n");

test("what came in and has not expired is read, one of each client, server and port", () => {
    assert.deepEqual(parseConnections(TABLE), [
        { from: "10.245.2.112", to: "10.245.1.21", port: 8080, protocol: "TCP", identity: 4110 },
        { from: "10.89.5.12", to: "10.245.1.21", port: 53, protocol: "UDP", identity: 6 },
        { from: "fd00::1", to: "fd00::2", port: 443, protocol: "TCP", identity: 7 },
    ]);
});
