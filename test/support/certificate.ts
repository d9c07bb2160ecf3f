/** Certificates that a platform team would bring along. */
import { join } from "node:path";
import { run } from "../../sandbox/host/shell";

/** Paths of PEM files. */
export interface Certificate {
    caFile: string;
    certFile: string;
    keyFile: string;
}

/**
 * Makes a CA and a server certificate in a directory, valid for two days.
 *
 * @param name the subjectAltName: `IP:10.0.0.1` or `DNS:*.example.org`.
 */
export async function makeCertificate(dir: string, name: string): Promise<Certificate> {
    const openssl = (...args: string[]) => run("openssl", args, { cwd: dir });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca");
    const issued = ["-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=server"];
    const files = ["-keyout", "tls.key", "-out", "tls.crt"];
    await openssl("req", "-x509", ...key, ...issued, "-addext", `subjectAltName=${name}`, ...files);
    const path = (file: string) => join(dir, file);
    return { caFile: path("ca.crt"), certFile: path("tls.crt"), keyFile: path("tls.key") };
}
