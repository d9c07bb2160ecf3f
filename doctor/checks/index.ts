/** The checks of the doctor, in the order in which causes come before what follows from them. */
import { agentChecks } from "./agents";
import { backupChecks } from "./backups";
import type { Check } from "./check";
import { ciliumChecks } from "./cilium";
import { clusterChecks } from "./cluster";
import { entryChecks } from "./entries";
import { flowChecks } from "./flows";
import { handshakeChecks } from "./handshake";
import { identityChecks } from "./identities";
import { logChecks } from "./logs";
import { operatorChecks } from "./operator";
import { policyChecks } from "./policies";
import { serverChecks } from "./server";
import { startedChecks } from "./started";
import { versionChecks } from "./versions";

export const checks: readonly Check[] = [
    ...clusterChecks,
    ...versionChecks,
    ...serverChecks,
    ...backupChecks,
    ...agentChecks,
    ...entryChecks,
    ...operatorChecks,
    ...ciliumChecks,
    ...startedChecks,
    ...identityChecks,
    ...handshakeChecks,
    ...policyChecks,
    ...flowChecks,
    ...logChecks,
];
