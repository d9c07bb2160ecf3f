/** The faults of 13-doctor: cheap ones; one restarts Cilium's agents. */
import type { World } from "../../support/world";
import { configFaults, policyFaults, startFaults } from "./cilium";
import type { Fault } from "./fault";
import { entryFaults, operatorFaults } from "./registration";
import { clusterFaults, spireFaults } from "./spire";

/** @param world known when the tests run. */
export function faultsOf(world: () => World): Fault[] {
    return [
        ...entryFaults(world),
        ...operatorFaults(world),
        ...configFaults(),
        ...policyFaults(),
        ...startFaults(),
        ...clusterFaults(),
        ...spireFaults(world),
    ];
}
