/** Settings as the tests of Cilium need them. */
import type {
    AdoptionArgs,
    CiliumArgs,
    InstallationArgs,
} from "../../../../components/cilium/args";
import { durationSeconds } from "../../../../settings/amounts";
import { adoptSettings, type CiliumSettings, installSettings } from "../../../../settings/cilium";

export const SOCKETS = {
    workload: "/run/spire/sockets/agent.sock",
    admin: "/run/spire/admin-sockets/admin.sock",
};

type Rest = Partial<Omit<CiliumArgs, "settings">>;

/** Arguments with everything at its default, except for the settings given, written as in a stack file. */
export function argsWith(settings: object = {}, rest?: Rest): InstallationArgs {
    return { ...defaults(installSettings.parse(settings)), ...rest };
}

/** The same for a Cilium that is there. */
export function adoptArgsWith(settings: object = {}, rest?: Rest): AdoptionArgs {
    return { ...defaults(adoptSettings.parse({ mode: "adopt", ...settings })), ...rest };
}

function defaults<S extends CiliumSettings>(settings: S): CiliumArgs<S> {
    return {
        mutualAuth: true,
        trustDomain: "example.org",
        serverAddress: "spire-server.spire-system.svc:8081",
        sockets: SOCKETS,
        operatorNodeLabels: {},
        protect: true,
        images: { pullSecrets: [] },
        scraped: false,
        patience: { cluster: {}, timeoutSeconds: durationSeconds(settings.rolloutTimeout) },
        settings,
    };
}
