/** Alerts as a monitoring evaluates them, while faults set them off. */
import { poll } from "@cilium-spire/entries-provider";
import { recordAlert } from "../../../automation/operationsRecord";
import type { ActiveAlert, Monitoring } from "../../support/monitoring";
import type { LiveFault } from "./fault";

const DEADLINE_MS = 180_000;

type State = ActiveAlert["state"];

export class Watch {
    /** @param ignored an alert that tells of the machine rather than of the stack. */
    constructor(
        private readonly monitoring: Monitoring,
        private readonly ignored?: string,
    ) {}

    /** Makes faults, all of a list at once, waits until the alerts of each fire, and after the cures until none does. */
    async setOff(lists: LiveFault[][]): Promise<void> {
        for (const faults of lists) {
            const seconds = new Map<LiveFault, number>();
            try {
                const fires = async (fault: LiveFault) =>
                    seconds.set(fault, await this.fires(fault));
                await Promise.all(faults.map(fires));
            } finally {
                await Promise.all(faults.map(({ cure }) => cure()));
            }
            const clearAfter = await this.allClear();
            console.log(`  cured: ${clearAfter.toFixed(0)} s until no alert fires`);
            for (const [{ what: fault, alerts }, firesAfter] of seconds) {
                for (const alert of alerts) recordAlert({ alert, fault, firesAfter, clearAfter });
            }
        }
    }

    /** @returns seconds until all of its alerts fired. */
    private async fires({ what, alerts, make }: LiveFault): Promise<number> {
        await make();
        const start = Date.now();
        await poll(DEADLINE_MS, `${alerts.join(" and ")}: ${what}`, async () => {
            const fires = await this.active(["firing"]);
            const missing = alerts.filter((name) => !fires.includes(name));
            return missing.length > 0
                ? { waitingFor: `${missing.join(", ")}; firing: ${fires.join(", ")}` }
                : { done: true };
        });
        const seconds = secondsSince(start);
        console.log(`${what}: ${alerts.join(", ")} after ${seconds.toFixed(0)} s`);
        return seconds;
    }

    /** @returns seconds until no alert is in one of these states. */
    async allClear(states: State[] = ["firing"]): Promise<number> {
        const start = Date.now();
        await poll(DEADLINE_MS, "end of all alerts", async () => {
            const left = await this.active(states);
            return left.length > 0
                ? { waitingFor: `${states.join(" or ")}: ${left.join(", ")}` }
                : { done: true };
        });
        return secondsSince(start);
    }

    /** Names of the alerts in one of these states. */
    async active(states: State[]): Promise<string[]> {
        const found = (await this.monitoring.alerts()).filter(
            ({ name, state }) => states.includes(state) && name !== this.ignored,
        );
        return [...new Set(found.map(({ name }) => name))];
    }
}

function secondsSince(start: number): number {
    return (Date.now() - start) / 1000;
}
