/** Faults of a cluster, as the doctor's tests make them, and the commands of a cure, run as they are written. */
import assert from "node:assert/strict";
import type { Finding } from "../../../doctor/checks/check";
import type { Result } from "../../../doctor/examination/examine";

/** One fault of a table: how it is made, what the doctor must say of it, and how that heals it. */
export interface Fault {
    name: string;
    make: () => Promise<unknown>;
    /** The check that finds it. */
    check: string;
    /** The trouble that it is. */
    trouble: string;
    /** What the finding says, and where. */
    says: RegExp;
    where: RegExp;
    /** Other troubles that follow from it, all or some. Any other one is a mistake. */
    implied?: string[];
    /** Cilium itself may heal it before the doctor looks: it is made again until it is found. */
    passing?: true;
    /** Which of the cure's commands are run. @default all of `kubectl` and `pulumi` */
    run?: RegExp;
    /** Where the cure is in words: what they ask for. Given instead of its commands. */
    heal?: () => Promise<unknown>;
    /** The cure of the next one heals this one, too: one `pulumi up` for several. */
    withNext?: true;
    /** The doctor is told nothing but the kubeconfig. */
    withoutStack?: true;
}

/** What Cilium and SPIRE write when they are refused or not answered for a while. */
export const LOGS = {
    delegate: ["log-no-identity", "log-delegate-refused", "log-no-svid", "log-no-admin-socket"],
    server: ["log-operator-unconnected", "log-operator-refused", "log-unknown-authority"],
};

/** Troubles among results, as `check/trouble`. */
export function troublesOf(results: readonly Result[]): string[] {
    return results.flatMap(({ id, findings }) => findings.map(({ trouble }) => `${id}/${trouble}`));
}

/**
 * The finding that a fault must give; undefined while it is not there, or there is something else.
 *
 * @param pending faults that are not healed yet.
 */
export function findingOf(
    fault: Fault,
    results: readonly Result[],
    pending: readonly Fault[],
): Finding | undefined {
    const own = `${fault.check}/${fault.trouble}`;
    const others = troublesOf(results).filter((trouble) => trouble !== own);
    const implied = [fault, ...pending].flatMap((each) => [each.trouble, ...(each.implied ?? [])]);
    const foreign = others.filter((other) => !implied.includes(other.split("/")[1]!));
    if (foreign.length > 0) return undefined;
    const result = results.find(({ id }) => id === fault.check);
    return result?.findings.find(
        ({ trouble, what }) => trouble === fault.trouble && fault.says.test(what),
    );
}

/** The commands of a cure: what is between backticks and begins with a program. */
export function commandsOf({ cure }: Finding, only: RegExp = /^(kubectl|pulumi) /): string[] {
    const commands = [...cure.matchAll(/`([^`]+)`/g)]
        .map(([, command]) => command!)
        .filter((command) => /^(kubectl|pulumi) /.test(command) && only.test(command));
    assert.ok(commands.length > 0, `no command in the cure: ${cure}`);
    return commands;
}
