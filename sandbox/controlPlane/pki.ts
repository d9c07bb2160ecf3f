import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Instance, Node } from "../host/instance";
import { run } from "../host/shell";
import { variantOf } from "./variant";

/** Days that certificates are valid: a sandbox lives for hours, a forgotten one for weeks. */
const VALID_DAYS = "365";

/** What a certificate says. */
interface Subject {
    /** OpenSSL form, for example `/O=system:masters/CN=admin`. */
    subject: string;
    /** For example `DNS:localhost,IP:127.0.0.1`; a client certificate needs none. */
    altNames?: string;
}

/** Where keys and certificates of the instance are. */
export function pkiDir(instance: Instance): string {
    return join(instance.stateDir, "pki");
}

/**
 * Makes what the control plane needs, and what nodes share: two authorities (etcd has its own, so that no node
 * certificate opens etcd), certificates, the service account key and the kubeconfigs. Existing files stay.
 */
export async function createPki(instance: Instance): Promise<void> {
    const dir = pkiDir(instance);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(
        join(dir, "openssl.cnf"),
        "[req]\ndistinguished_name = dn\n[dn]\n[ca]\nbasicConstraints = critical,CA:TRUE\n",
    );
    await Promise.all([createAuthority(dir, "ca"), createAuthority(dir, "etcd-ca")]);
    if (!existsSync(join(dir, "sa.pub"))) {
        const key = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        await run("openssl", ["genpkey", ...key, "-out", join(dir, "sa.key")]);
        await run("openssl", ["pkey", "-in", "sa.key", "-pubout", "-out", "sa.pub"], { cwd: dir });
    }
    const service = "kubernetes.default.svc";
    const names = [
        (await variantOf(instance)).apiName,
        "kubernetes",
        "kubernetes.default",
        service,
        `${service}.cluster.local`,
    ];
    const addresses = ["127.0.0.1", instance.apiAddress, "10.96.0.1"];
    const apiNames = [...names.map((n) => `DNS:${n}`), ...addresses.map((a) => `IP:${a}`)].join(
        ",",
    );
    await Promise.all([
        createCertificate(dir, "etcd", "etcd-ca", {
            subject: "/CN=etcd",
            altNames: "IP:127.0.0.1",
        }),
        createCertificate(dir, "etcd-client", "etcd-ca", { subject: "/CN=kube-apiserver" }),
        createCertificate(dir, "apiserver", "ca", {
            subject: "/CN=kube-apiserver",
            altNames: apiNames,
        }),
        createCertificate(dir, "kubelet-client", "ca", {
            subject: "/O=system:masters/CN=kube-apiserver",
        }),
        createKubeconfig(instance, "admin", "/O=system:masters/CN=admin", instance.kubeconfig),
        // kube-proxy is the same on all nodes. They start at once, and would write one another's key if each made it.
        ...["kube-controller-manager", "kube-scheduler", "kube-proxy"].map((name) =>
            createKubeconfig(instance, name, `/CN=system:${name}`, join(dir, `${name}.kubeconfig`)),
        ),
    ]);
}

/** Makes a node's certificate (client and server) and kubeconfig; all it needs to join. */
export async function createNodeIdentity(instance: Instance, node: Node): Promise<void> {
    const file = join(pkiDir(instance), `${node.name}.kubeconfig`);
    const subject = `/O=system:nodes/CN=system:node:${node.name}`;
    const altNames = `DNS:${node.name},IP:${node.ip}`;
    await createKubeconfig(instance, node.name, subject, file, altNames);
}

async function createAuthority(dir: string, name: string): Promise<void> {
    if (existsSync(join(dir, `${name}.crt`))) return;
    await openssl(dir, name, ["-subj", `/CN=cilium-spire sandbox ${name}`, "-extensions", "ca"]);
}

async function createCertificate(
    dir: string,
    name: string,
    authority: string,
    { subject, altNames }: Subject,
): Promise<void> {
    if (existsSync(join(dir, `${name}.crt`))) return;
    const issuer = ["-CA", `${authority}.crt`, "-CAkey", `${authority}.key`];
    const extensions = [
        "basicConstraints=critical,CA:FALSE",
        "extendedKeyUsage=clientAuth,serverAuth",
        ...(altNames ? [`subjectAltName=${altNames}`] : []),
    ].flatMap((extension) => ["-addext", extension]);
    await openssl(dir, name, ["-subj", subject, ...issuer, ...extensions]);
}

async function openssl(dir: string, name: string, args: string[]): Promise<void> {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const output = ["-keyout", `${name}.key`, "-out", `${name}.crt`, "-days", VALID_DAYS];
    const request = ["req", "-x509", "-new", "-config", "openssl.cnf"];
    await run("openssl", [...request, ...key, ...output, ...args], { cwd: dir });
}

/**
 * Writes a kubeconfig with everything inside, so that the file alone can be handed to a program.
 *
 * @param name of the certificate's file and, in the kubeconfig, of the user.
 * @param subject who that is to the API server: `/O=<group>/CN=<user>`.
 */
export async function createKubeconfig(
    instance: Instance,
    name: string,
    subject: string,
    file: string,
    altNames?: string,
): Promise<void> {
    const dir = pkiDir(instance);
    await createCertificate(dir, name, "ca", { subject, altNames });
    const [authority, certificate, key] = await Promise.all(
        ["ca.crt", `${name}.crt`, `${name}.key`].map(async (f) =>
            (await readFile(join(dir, f))).toString("base64"),
        ),
    );
    const context = `sandbox-${instance.number}`;
    const server = `https://${instance.apiAddress}:${instance.apiPort}`;
    const config = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: context, cluster: { server, "certificate-authority-data": authority } }],
        users: [{ name, user: { "client-certificate-data": certificate, "client-key-data": key } }],
        contexts: [{ name: context, context: { cluster: context, user: name } }],
        "current-context": context,
    };
    await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 });
}
