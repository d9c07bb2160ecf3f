/** Copies of the datastore by the clock, made at once, and those who can read them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { BACKUP_IMAGE_SPECS } from "../../sandbox/build/testImages";
import { nodeNamed } from "../../sandbox/host/instance";
import { run } from "../../sandbox/host/shell";
import { loadImages } from "../../sandbox/nodes/nodes";
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

/**
 * Makes a copy now. @returns what the Job has logged.
 *
 * @throws Error with the reason when it fails.
 */
export async function backupJob(name: string): Promise<string> {
    const job = `-n spire-system get job ${name} -o jsonpath=`;
    await kubectl(`-n spire-system create job ${name} --from=cronjob/spire-backup`);
    await poll(180_000, `Job ${name}`, async () => {
        const done = await kubectl(`${job}{.status.conditions[?(@.status=="True")].type}`);
        return /Complete|Failed/.test(done) ? { done } : { waitingFor: done || "its pod" };
    });
    const reason = await kubectl(`${job}{.status.conditions[?(@.type=="Failed")].reason}`);
    const log = await kubectl(`-n spire-system logs job/${name} --tail=20`).catch(String);
    if (reason !== "") throw new Error(`Job ${name}: ${reason}; ${log}`);
    return log;
}
