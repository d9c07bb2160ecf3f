/** SPIRE's own opinion of its configuration files. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { ensureBinary } from "../../sandbox/build/binaries";
import { run } from "../../sandbox/host/shell";

/** A self-signed CA in a directory, `tls.crt` and `tls.key`: programs load certificates from where a pod would have them. */
export async function makeCertificate(dir: string): Promise<void> {
    const [key, cert] = [join(dir, "tls.key"), join(dir, "tls.crt")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const subject = ["-subj", "/CN=test", "-days", "1"];
    await run("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert]);
}

/**
 * @param dir has a certificate ({@link makeCertificate}), and gets the file.
 * @throws Error with what the program says, and the configuration.
 */
export async function validateConfiguration(
    component: "server" | "agent",
    conf: string,
    dir: string,
): Promise<void> {
    const file = join(dir, `${component}.conf`);
    const text = conf
        .replace(/("cert_file_path": ")\/run\/spire\/federation\/[^"]*/, `$1${dir}/tls.crt`)
        .replace(/("key_file_path": ")\/run\/spire\/federation\/[^"]*/, `$1${dir}/tls.key`);
    await writeFile(file, text);
    const binary = await ensureBinary(`spire-${component}`);
    await run(binary, ["validate", "-config", file]).catch((error: unknown) => {
        const problem = `spire-${component} refuses its configuration: ${messageOf(error)}`;
        throw new Error(`${problem}\n${text}`);
    });
}
