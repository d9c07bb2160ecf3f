/**
 * SPIRE's rules for changing versions (spire doc/upgrading.md): servers before agents, one minor release at a time,
 * agents never newer than the server and at most one minor release older. Downgrades go the other way round, by one minor
 * release: no server starts on a database whose schema is newer than its own if one of two minor releases later had it
 * (pkg/server/datastore/sqlstore/migration.go; the schema changed with 1.14 and 1.15).
 */
import { gt, minor } from "semver";

/** Versions of a server and its agents; undefined: there is none, or its image has no version as its tag. */
export interface Versions {
    server?: string | undefined;
    agent?: string | undefined;
}

/** Newest patch release of each minor release, as of 2026-11: where to stop on the way. */
const NEWEST_PATCH = ["1.9.6", "1.10.4", "1.11.3", "1.12.6", "1.13.6", "1.14.7", "1.15.3"] as const;

/**
 * The versions to set one after another, each with an `up`, to come from one version to a newer one. The last is `to`; a
 * single one means that the step can be made at once.
 */
export function upgradePath(from: string, to: string): string[] {
    return [...NEWEST_PATCH.filter((v) => minor(v) > minor(from) && minor(v) < minor(to)), to];
}

/** Why agents of this version cannot work with this server, or undefined when they can. */
export function skewProblem(server: string, agent: string): string | undefined {
    if (gt(agent, server)) {
        return `agents ${agent} are newer than the server ${server}, which SPIRE does not support`;
    }
    if (minor(server) - minor(agent) > 1) {
        return `agents ${agent} are more than one minor release older than the server ${server}, which SPIRE does not support`;
    }
    return undefined;
}

/**
 * Why an `up` must not bring a cluster from what runs to a wanted server, with the way out; undefined when it may.
 *
 * The program changes the server first and the agents afterwards, so for a while the wanted server has the running agents.
 */
export function upgradeProblem(running: Versions, wanted: string): string | undefined {
    if (running.server !== undefined) {
        const at = `spire.version = "${wanted}": the server runs ${running.server}, and SPIRE`;
        const path = upgradePath(running.server, wanted);
        if (path.length > 1) {
            return `${at} moves one minor release at a time. Go ${[running.server, ...path].join(" -> ")}, with an "up" for each.`;
        }
        const before = minor(running.server) - 1;
        if (minor(wanted) < before) {
            return `${at} goes back by one minor release, not further: its database remembers the newest that it had. Set one of 1.${before}, or restore a backup that was made under ${wanted}.`;
        }
    }
    const skew = running.agent === undefined ? undefined : skewProblem(wanted, running.agent);
    if (skew === undefined) return undefined;
    const server = running.server ?? wanted;
    return (
        `spire.version = "${wanted}": while the server changes, ${skew}. ` +
        (gt(running.agent!, wanted)
            ? `Downgrade the agents first: spire.version = "${server}" with spire.agent.version = "${wanted}".`
            : `Upgrade the agents first: spire.version = "${server}" without spire.agent.version.`)
    );
}
