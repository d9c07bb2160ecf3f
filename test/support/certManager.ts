/** cert-manager's controller on the host, with an issuer of a CA that it has made: as its own documentation bootstraps one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider/poll";
import { dependencyDir, ensureBinary } from "../../sandbox/build/binaries";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import type { Instance } from "../../sandbox/host/instance";

/** Of the kinds. The controller is older: it is the last that can be built (sandbox/build/programs.ts). */
const MODULE = "github.com/cert-manager/cert-manager@v1.19.1";
/** Settings of a stack that has it sign the CA of SPIRE's server, and Hubble's certificates. */
export const certManagerConfig = (issuer: string) => ({
    "cilium-spire:spire": {
        server: {
            upstreamAuthority: {
                ...{ type: "cert-manager", issuerName: issuer, issuerKind: "ClusterIssuer" },
            },
        },
    },
    "cilium-spire:cilium": {
        hubble: { enabled: true, tls: { method: "certmanager", issuerRef: { name: issuer } } },
        values: { hubble: { relay: { enabled: true } } },
    },
});

/** Where it keeps what belongs to issuers of the whole cluster. */
const NAMESPACE = "cert-manager";
const ROOT = "root";
const DEADLINE_MS = 120_000;

/** A ClusterIssuer that signs whatever it is asked for. */
export const ISSUER = "platform-ca";

export interface CertManager {
    /** PEM of the issuer's own certificate. */
    root: string;
    /** Ends the controller and removes its kinds, with all objects of them. */
    stop: () => Promise<void>;
}

/** A directory of manifests that make its kinds known. */
export async function certManagerKinds(): Promise<string> {
    return join(await dependencyDir(MODULE, tmpdir()), "deploy", "crds");
}

/** @throws Error with the end of the controller's log, when the issuer does not get Ready. */
export async function startCertManager(sandbox: Instance): Promise<CertManager> {
    const crds = await certManagerKinds();
    await kubectl(sandbox, ["apply", "--server-side", "-f", crds]);
    await kubectl(sandbox, ["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
    const controller = spawn(
        await ensureBinary("cert-manager-controller"),
        [
            `--kubeconfig=${sandbox.kubeconfig}`,
            `--cluster-resource-namespace=${NAMESPACE}`,
            "--leader-elect=false",
            "--metrics-listen-address=127.0.0.1:0",
        ],
        { stdio: ["ignore", "ignore", "pipe"] },
    );
    process.once("exit", () => controller.kill("SIGKILL"));
    let log = "";
    controller.stderr.on("data", (text: Buffer) => (log = (log + text.toString()).slice(-4000)));
    const stop = async () => {
        await end(controller);
        await kubectl(sandbox, ["delete", "--ignore-not-found", "-f", crds]);
        await kubectl(sandbox, ["delete", "namespace", NAMESPACE, "--wait=false"]);
    };
    try {
        await kubectl(sandbox, ["apply", "-f", "-"], { input: JSON.stringify(bootstrap()) });
        await poll(DEADLINE_MS, `ClusterIssuer ${ISSUER}`, async () => {
            const ready = '{.status.conditions[?(@.type=="Ready")].status}';
            const args = ["get", "clusterissuer", ISSUER, "-o", `jsonpath=${ready}`];
            const status = await kubectl(sandbox, args);
            if (status === "True") return { done: true };
            if (controller.exitCode !== null) return { failed: `the controller ended: ${log}` };
            return { waitingFor: `it is not Ready; the controller's log ends: ${log}` };
        });
        const secret = ["-n", NAMESPACE, "get", "secret", ROOT, "-o", "jsonpath={.data.tls\\.crt}"];
        const root = Buffer.from(await kubectl(sandbox, secret), "base64").toString();
        return { root, stop };
    } catch (error) {
        await stop();
        throw error;
    }
}

/** A root that signs itself, and an issuer that signs with it. */
function bootstrap(): object {
    const [certManager, cluster] = ["cert-manager.io/v1", "ClusterIssuer"];
    const issuer = (name: string, spec: object) => ({
        ...{ apiVersion: certManager, kind: cluster, metadata: { name }, spec },
    });
    const items = [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
        issuer("self-signed", { selfSigned: {} }),
        {
            ...{ apiVersion: certManager, kind: "Certificate" },
            metadata: { name: ROOT, namespace: NAMESPACE },
            spec: {
                ...{ isCA: true, commonName: "platform root", secretName: ROOT },
                privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
                issuerRef: { name: "self-signed", kind: cluster, group: "cert-manager.io" },
            },
        },
        issuer(ISSUER, { ca: { secretName: ROOT } }),
    ];
    return { apiVersion: "v1", kind: "List", items };
}

async function end(program: ChildProcess): Promise<void> {
    if (program.exitCode !== null || program.signalCode !== null) return;
    program.kill("SIGTERM");
    await once(program, "exit");
}
