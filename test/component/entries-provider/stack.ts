/** What the tests of the provider ask for: the inputs that the program makes of settings, for a cluster in memory. */
import {
    agentEntries,
    workloadEntries,
    type WorkloadEntriesArgs,
} from "@cilium-spire/entries-provider";
import { agentEntriesArgs, workloadEntriesArgs } from "../../../components/entries/args";
import { decodeSettings } from "../../../settings/decode";
import { Life } from "../../support/life";

const ID = { project: "cilium-spire", stack: "dev" };

/** Seconds that suffice for what is there, and pass fast for what is not. */
const PATIENCE = { timeoutSeconds: 1 };

/** The entries for Cilium of a stack with these settings. */
export function ciliumSet(registration: object = {}): Life {
    const settings = settingsOf({ registration });
    return new Life(agentEntries, { ...agentEntriesArgs(settings, ID), ...PATIENCE });
}

/** The entries for Cilium of a stack whose SPIRE someone else runs, there where the cluster in memory has it. */
export function foreignSet(server: object = {}): Life {
    const namespace = "spire-system";
    const spire = { mode: "external", server: { namespace, ...server }, agent: { namespace } };
    return new Life(agentEntries, { ...agentEntriesArgs(settingsOf({ spire }), ID), ...PATIENCE });
}

/** The entries of a stack's workloads. */
export function workloadSet(workloads: object): Life<WorkloadEntriesArgs> {
    const settings = settingsOf({ workloads });
    const args = { ...workloadEntriesArgs(settings, ID), ...PATIENCE };
    return new Life(workloadEntries as unknown as typeof agentEntries, args);
}

function settingsOf(more: object) {
    return decodeSettings({ trustDomain: "demo.local", clusterName: "precinct-99", ...more });
}
