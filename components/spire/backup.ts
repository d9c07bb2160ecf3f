/** Copies of the SPIRE server's datastore by the clock: a CronJob with the volume that it writes to. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { durationSeconds } from "../../settings/amounts";
import type { BackupSettings } from "../../settings/spire/backup";
import { BACKUP_NAME } from "../names";
import { podTemplate } from "../pod";
import { NOT_AWAITED } from "../rollout";
import type { ServerArgs } from "./args";
import { BACKUP_LABELS, backupPod, recipientFiles } from "./backupPod";

/** How late a copy may begin; what was missed longer ago is left to the next. Without, a CronJob that missed 100 stops for good. */
const LATEST_START_SECONDS = 3600;

/**
 * Copies of the datastore on a volume, the newest `keep` of them, each whole or not there. With sqlite they have the CA's
 * keys with them and are encrypted for people who are not in the cluster.
 *
 * A copy that cannot be made is a Job that failed.
 */
export class Backup extends pulumi.ComponentResource {
    constructor(
        name: string,
        args: ServerArgs,
        settings: BackupSettings,
        opts: pulumi.ComponentResourceOptions = {},
    ) {
        super("cilium-spire:spire:Backup", name, {}, opts);
        const parent = { parent: this };
        const { namespace } = args.settings;
        const metadata = { name: BACKUP_NAME, namespace, labels: BACKUP_LABELS };
        const recipients = recipientFiles(settings);
        if (settings.encryptFor.length > 0) {
            new k8s.core.v1.ConfigMap(BACKUP_NAME, { metadata, data: recipients }, parent);
        }
        const claim = this.claim(settings, metadata);
        const template = podTemplate({
            labels: BACKUP_LABELS,
            configuration: JSON.stringify(recipients),
            spec: backupPod(args, settings),
        });
        new k8s.batch.v1.CronJob(
            BACKUP_NAME,
            {
                metadata,
                spec: {
                    schedule: settings.schedule,
                    timeZone: "Etc/UTC",
                    // The second would wait for the first one's volume, or remove what it writes.
                    concurrencyPolicy: "Forbid",
                    startingDeadlineSeconds: LATEST_START_SECONDS,
                    // The pod of a Job that is done still keeps the server's claim from being deleted (Kubernetes, pvc-protection).
                    successfulJobsHistoryLimit: 0,
                    failedJobsHistoryLimit: 3,
                    jobTemplate: {
                        metadata: { labels: BACKUP_LABELS },
                        spec: {
                            backoffLimit: 2,
                            activeDeadlineSeconds: durationSeconds(settings.timeout),
                            template,
                        },
                    },
                },
            },
            { ...parent, dependsOn: claim },
        );
        this.registerOutputs({});
    }

    /** The volume, unless it is the user's. What is on it is all that is left after a loss, so it is never deleted. */
    private claim(
        { storage: { size, storageClass } }: BackupSettings,
        metadata: { name: string; namespace: string; labels: Record<string, string> },
    ): pulumi.Resource[] {
        if (size === undefined) return [];
        const claim = new k8s.core.v1.PersistentVolumeClaim(
            BACKUP_NAME,
            {
                // Volumes that are made for the first pod come with the first copy.
                metadata: { ...metadata, annotations: NOT_AWAITED },
                spec: {
                    accessModes: ["ReadWriteOnce"],
                    ...(storageClass !== undefined && { storageClassName: storageClass }),
                    resources: { requests: { storage: size } },
                },
            },
            { parent: this, retainOnDelete: true },
        );
        return [claim];
    }
}
