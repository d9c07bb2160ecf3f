/** Copies of the datastore by the clock, made at once, and those who can read them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider";
import { examineUntilHealthy } from "../../doctor/examination/examine";
import { knownStack } from "../../doctor/site";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { BACKUP_IMAGE_SPECS } from "../../sandbox/build/testImages";
import { nodeNamed } from "../../sandbox/host/instance";
import { run } from "../../sandbox/host/shell";
import { loadImages } from "../../sandbox/nodes/nodes";
import { decodeSettings } from "../../settings/decode";
import { kubectl, nodeNames, sandbox, type World } from "./world";

/** One for whom copies are encrypted, with the names that docs/backup.md gives the files. */
export interface Recipient {
    /** PEM. */
    certificate: string;
}

/** Makes `backup.crt` and `backup.key` in a directory. */
export async function makeRecipient(dir: string): Promise<Recipient> {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-days", "3650"];
    const files = ["-noenc", "-keyout", "backup.key", "-out", "backup.crt"];
    const args = ["req", "-x509", ...key, "-subj", "/CN=spire-backup", ...files];
    await run("openssl", args, { cwd: dir });
    return { certificate: await readFile(join(dir, "backup.crt"), "utf8") };
}

/** Brings the image with which copies are made to all nodes. */
export async function loadBackupImage(state: World): Promise<void> {
    const archive = await ensureTestImageArchive(BACKUP_IMAGE_SPECS);
    const nodes = nodeNames(state).map((name) => nodeNamed(sandbox, name));
    await Promise.all(nodes.map((node) => loadImages(node, archive)));
}

/** Makes a copy now. A Job that succeeded is gone at once. @throws Error with the reason when it fails. */
export async function backupJob(name: string): Promise<void> {
    const job = `-n spire-system get job ${name} --ignore-not-found -o`;
    await kubectl(`-n spire-system create job ${name} --from=cronjob/spire-backup`);
    await poll(180_000, `Job ${name}`, async () => {
        const failed = await kubectl(
            `${job} jsonpath={.status.conditions[?(@.type=="Failed")].reason}`,
        );
        if (failed !== "") {
            const log = await kubectl(`-n spire-system logs job/${name} --tail=20`).catch(String);
            throw new Error(`Job ${name}: ${failed}; ${log}`);
        }
        const left = await kubectl(`${job} name`);
        return left === "" ? { done: true } : { waitingFor: "its end" };
    });
}

/** Jobs that failed are kept for people to see, and their pods keep the claims that they mount. */
export async function removeBackupJobs(): Promise<void> {
    await kubectl("-n spire-system delete jobs -l app.kubernetes.io/name=spire-backup");
}

/**
 * Waits until the doctor finds these troubles with the copies, and no other.
 *
 * @param spire of the stack's configuration.
 */
export async function untilDoctorFinds(
    troubles: string[],
    { cluster, outputs: { trustDomain, clusterName } }: World,
    spire: object,
): Promise<void> {
    const settings = decodeSettings({ trustDomain, clusterName, spire });
    const stack = knownStack(settings, { project: "cilium-spire", stack: "dev" });
    await poll(300_000, `finding of the doctor: ${troubles.join() || "none"}`, async () => {
        const [result] = await examineUntilHealthy({ cluster, stack, only: ["backups"] });
        const found = result!.findings.map(({ trouble }) => trouble);
        if (found.join() === troubles.join()) return { done: undefined };
        return { waitingFor: found.join() || result!.seen };
    });
}
