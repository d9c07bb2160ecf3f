/** Settings as the tests of Cilium need them. */
import type { CiliumArgs } from "../../../../components/cilium/args";
import { ciliumSettings } from "../../../../settings/cilium";

export const SOCKETS = {
    workload: "/run/spire/sockets/agent.sock",
    admin: "/run/spire/admin-sockets/admin.sock",
};

/** Arguments with everything at its default, except for the settings given, written as in a stack file. */
export function argsWith(settings: object = {}, args: Partial<CiliumArgs> = {}): CiliumArgs {
    return {
        mutualAuth: true,
        trustDomain: "example.org",
        serverAddress: "spire-server.spire-system.svc:8081",
        sockets: SOCKETS,
        images: { pullSecrets: [] },
        settings: ciliumSettings.parse(settings),
        ...args,
    };
}
