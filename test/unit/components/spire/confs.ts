/** The configurations that settings lead to. */
import { agentArgs, serverArgs } from "../../../../components/spire/args";
import { agentConf } from "../../../../components/spire/agentConf";
import { serverConf } from "../../../../components/spire/serverConf";
import type { Settings } from "../../../../settings/schema";
import { installed } from "../../../support/installed";

export function serverConfOf(settings: Settings): object {
    return serverConf({ ...serverArgs(installed(settings)), nodeLabelKeys: ["kubernetes.io/os"] });
}

export function agentConfOf(settings: Settings): object {
    return agentConf(agentArgs(installed(settings)));
}
