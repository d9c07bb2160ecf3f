import type { World } from "../../support/world";
import {
    operatorWithoutAdmin,
    staleEntries,
    trafficWithoutAuthentication,
    withoutDelegate,
    withoutLink,
} from "./ciliumFaults";
import type { LiveFault } from "./fault";
import {
    brokenDatabase,
    refusedWrite,
    shortCa,
    stoppedAgent,
    unwritableKeys,
    withoutServer,
} from "./serverFaults";

/** All faults, each of which leaves the stack as it was once it is cured; those of one list do not touch each other. */
export function liveFaults(world: World): LiveFault[][] {
    return [
        [staleEntries(world), trafficWithoutAuthentication(), refusedWrite()],
        [stoppedAgent(), unwritableKeys()],
        [brokenDatabase()],
        [withoutServer()],
        [shortCa()],
        [withoutDelegate(world)],
        [withoutLink(world)],
        [operatorWithoutAdmin(world)],
    ];
}
