/** Where the parts of SPIRE are and what Cilium needs of them, whoever runs it: known from the settings alone. */
import type { SpireServerRef } from "@cilium-spire/entries-provider";
import type { SpireSettings } from "../../settings/spire";
import { AGENT_NAME, SERVER_NAME } from "../names";
import { type Address, serverAddress } from "./args";

export interface SpirePlace {
    /** Where the pods of the server are. */
    server: SpireServerRef;
    /** Name and port of the server's Service. */
    address: Address;
    agents: { namespace: string; daemonSet: string; serviceAccount: string };
    /** Path of the SPIFFE ID of Cilium's agents, where it is not this program's own. */
    delegate?: string;
}

/** SPIRE's default of `socket_path`, in which its command line looks (spire cmd/spire-server/cli/run, all releases). */
const SERVER_SOCKET = "/tmp/spire-server/private/api.sock";

export function spirePlace(spire: SpireSettings): SpirePlace {
    const { server, agent } = spire;
    if (spire.mode === "install") {
        return {
            server: {
                namespace: server.namespace,
                statefulSet: SERVER_NAME,
                container: SERVER_NAME,
            },
            address: serverAddress(server.namespace),
            agents: {
                namespace: agent.namespace,
                daemonSet: AGENT_NAME,
                serviceAccount: AGENT_NAME,
            },
        };
    }
    const { namespace, statefulSet, container, socketPath, service, port } = spire.server;
    const { delegate, ...agents } = spire.agent;
    return {
        server: {
            ...{ namespace, statefulSet, container },
            ...(socketPath !== SERVER_SOCKET && { socketPath }),
        },
        address: { host: `${service}.${namespace}.svc`, port },
        agents,
        delegate,
    };
}
