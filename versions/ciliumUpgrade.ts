/** Cilium's rule for changing versions (its documentation, "Upgrade Guide"): one minor release at a time, up or down. */
import { lt, minor } from "semver";

/**
 * Why an `up` must not bring a cluster from the Cilium that runs to the wanted one, with the way out; undefined when it may.
 *
 * @param running version of the agents; undefined when there are none, or their image's tag is no version.
 */
export function ciliumUpgradeProblem(
    running: string | undefined,
    wanted: string,
): string | undefined {
    if (running === undefined) return undefined;
    const steps = Math.abs(minor(wanted) - minor(running));
    if (steps <= 1) return undefined;
    const direction = lt(wanted, running) ? -1 : 1;
    const between = Array.from(
        { length: steps - 1 },
        (_, i) => `1.${minor(running) + direction * (i + 1)}`,
    );
    return (
        `cilium.version = "${wanted}": the agents run ${running}, and Cilium moves one minor release at a time. ` +
        `Go ${[running, ...between, wanted].join(" -> ")}, with the newest patch release of each and an "up" for each.`
    );
}
