/** All objects that a stack's observability needs, as plain data: made by the component, looked for before an `up`. */
import { isOperated } from "../../settings/observability";
import { installsSpire, type Settings } from "../../settings/schema";
import { ruleObject } from "./alertRules";
import { dashboardObject } from "./dashboard";
import type { PlainObject } from "./kinds";
import { monitorObjects } from "./monitors";
import { networkPolicyObjects } from "./networkPolicies";

export function observabilityObjects(settings: Settings): PlainObject[] {
    // What there is to know of someone else's SPIRE is not in these settings, which refuse what would ask for it.
    if (!installsSpire(settings)) return [];
    const { observability } = settings;
    const operated = isOperated(observability) ? observability : undefined;
    return [
        ...(operated ? monitorObjects(settings, operated) : []),
        ...(operated?.alerts ? [ruleObject(settings, operated)] : []),
        ...(observability.dashboard ? [dashboardObject(settings)] : []),
        ...networkPolicyObjects(settings),
    ];
}
