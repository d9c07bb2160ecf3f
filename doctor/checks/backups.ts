/** Copies of the server's datastore by the clock: whether the last one was made. */
import { installsSpire } from "../../settings/schema";
import { BACKUP_NAME } from "../../components/names";
import { type Check, found, type Trouble } from "./check";

const NOT_MADE: Trouble = {
    id: "backup-failed",
    symptom: "A Job of the CronJob `spire-backup` failed, or no new file comes to its volume.",
    why: "What the server has learned since the last copy would be lost with its datastore.",
    cure: "see why: `kubectl -n NAMESPACE describe jobs,pods -l app.kubernetes.io/name=NAME` and `kubectl -n NAMESPACE logs -l app.kubernetes.io/name=NAME`; docs/backup.md says what a copy needs",
    note: true,
};
const NONE: Trouble = {
    id: "backup-off",
    symptom: "The stack has `spire.server.backup`, and no copy is tried at its times.",
    why: "What the server has learned since the last copy would be lost with its datastore.",
    cure: 'where it is gone, run `pulumi up --refresh`; where it is suspended, `kubectl -n NAMESPACE patch cronjob NAME --patch \'{"spec":{"suspend":false}}\'`',
    note: true,
};

/** What is read of a CronJob (batch/v1). Its times are RFC 3339, in UTC and whole seconds, so that they compare as text. */
interface CronJob {
    spec: { suspend?: boolean };
    status?: {
        active?: object[];
        /** When a Job was last due, and when one last succeeded. */
        lastScheduleTime?: string;
        lastSuccessfulTime?: string;
    };
}

const last: Check = {
    id: "backups",
    name: "copies of the datastore",
    troubles: [NOT_MADE, NONE],
    needsStack: true,
    run: async ({ cluster, stack }) => {
        const { settings } = stack!;
        if (!installsSpire(settings) || !settings.spire.server.backup) {
            return { seen: "none by the clock", findings: [] };
        }
        const { namespace } = settings.spire.server;
        const resource = { group: "batch", version: "v1", plural: "cronjobs", namespace };
        const call = cluster.custom.getNamespacedCustomObject({ ...resource, name: BACKUP_NAME });
        const job = (await cluster.find(call)) as CronJob | undefined;
        const where = `CronJob ${namespace}/${BACKUP_NAME}`;
        const words = { NAMESPACE: namespace, NAME: BACKUP_NAME };
        const only = (trouble: Trouble, what: string) => ({
            seen: "",
            findings: [found(trouble, where, what, words)],
        });
        if (!job) return only(NONE, "does not exist");
        if (job.spec.suspend) return only(NONE, "is suspended");
        const { active = [], lastScheduleTime: due, lastSuccessfulTime: made } = job.status ?? {};
        const newest = made === undefined ? "none was made yet" : `the last was made ${made}`;
        if (due === undefined || active.length > 0 || (made !== undefined && made >= due)) {
            return { seen: newest, findings: [] };
        }
        return only(NOT_MADE, `the copy that was due ${due} was not made; ${newest}`);
    },
};

export const backupChecks = [last];
