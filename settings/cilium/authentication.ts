/** Settings of Cilium's authentication: every value below `authentication` in its chart that has an effect without the chart's own SPIRE; same keys. */
import { z } from "zod";
import { duration } from "../amounts";
import { group, lacking, port } from "../words";

const queueSize = z.int().min(1, "must be 1 or more").default(1024);

const handshake = {
    mutual: group({
        port: port
            .default(4250)
            .describe(
                "TCP port of every node on which Cilium agents shake hands. Firewalls between nodes must let it pass.",
            ),
        connectTimeout: duration
            .default("5s")
            .describe("How long an agent tries to connect to the other node."),
        spire: group({
            connectionTimeout: duration
                .default("30s")
                .describe("How long the operator tries to connect to the SPIRE server, each time."),
        }).describe("The operator's connection to the SPIRE server."),
    }).describe("The handshake between the agents of two nodes."),
};

/** Where this program installs Cilium. */
export const installedAuthentication = group({
    queueSize: queueSize.describe(
        "How many authentication requests of the datapath an agent holds; further ones are dropped until the packet is sent again.",
    ),
    rotatedIdentitiesQueueSize: queueSize.describe(
        "How many rotated certificates an agent holds until it has authenticated their pairs again.",
    ),
    gcInterval: duration
        .default("5m0s")
        .describe("Interval at which agents remove expired and unused authenticated pairs."),
    ...handshake,
});

/** Where someone else does: the chart writes the other keys, also without authentication. */
export const adoptedAuthentication = group(
    handshake,
    lacking(
        'with cilium.mode = "adopt" the next "helm upgrade" would undo it; set it below authentication in the values of that release',
    ),
);
