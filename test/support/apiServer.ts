/** An API server without a cluster: etcd and kube-apiserver on loopback, up in four seconds. Nothing runs pods. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { poll } from "@cilium-spire/entries-provider/poll";
import { ensureBinary } from "../../sandbox/build/binaries";
import { controlPlane } from "../../sandbox/controlPlane/controlPlane";
import { instance, type Instance } from "../../sandbox/host/instance";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import { createKubeconfig, createPki } from "../../sandbox/controlPlane/pki";
import { SOON, tail } from "../../sandbox/host/shell";
import { auditArguments, type AuditEvent, readAudit } from "./audit";
import { launch } from "./operation";

const DEADLINE_MS = 60_000;

/** Without one the program refuses to install a server that needs a volume. */
const STORAGE_CLASS = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
        name: "standard",
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "example.org/none",
};

export interface ApiServer {
    /** An administrator's. */
    kubeconfig: string;
    /** Runs kubectl as the administrator, with objects on its standard input; rejects when it fails. */
    kubectl(args: readonly string[], objects?: object[]): Promise<string>;
    /**
     * Fields that would be refused to another field manager that applies the objects, because their owner gave them other
     * values or the API server keeps them in another form. Nothing is changed.
     */
    refusedFields(objects: object[]): Promise<string[]>;
    /** Writes a kubeconfig of somebody who is in this group and in no other, and returns its path. */
    kubeconfigOf(group: string): Promise<string>;
    /** What has been asked for by members of the group, by `--audit-log-path`; nothing without {@link Options.audit}. */
    audit(group: string): Promise<AuditEvent[]>;
    /** Ends both processes and removes what they wrote. */
    stop(): Promise<void>;
}

export interface ApiServerOptions {
    /** The path of kube-apiserver. @default the sandbox's own */
    program?: string;
    /** Every request is written down. @default false */
    audit?: boolean;
}

/**
 * Starts an API server by itself, for as long as this process lives. It has a default StorageClass, which nobody serves.
 *
 * @throws Error with the end of both logs when it is not ready within a minute.
 */
export async function startApiServer({
    program,
    audit = false,
}: ApiServerOptions = {}): Promise<ApiServer> {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-api-"));
    const [apiPort, etcdClient, etcdPeer, controllerManager, scheduler] = await freePorts(5);
    const loopback: Instance = {
        ...instance(0),
        stateDir: dir,
        kubeconfig: join(dir, "kubeconfig"),
        apiAddress: "127.0.0.1",
        apiPort: apiPort!,
        ports: {
            etcdClient: etcdClient!,
            etcdPeer: etcdPeer!,
            controllerManager: controllerManager!,
            scheduler: scheduler!,
        },
    };
    await createPki(loopback);
    // Etcd and API server are all that objects need.
    const [etcd, apiServer] = await controlPlane(loopback);
    const args = [...apiServer!.args, ...(audit ? await auditArguments(dir) : [])];
    const services = [etcd!, { ...apiServer!, command: program ?? apiServer!.command, args }];
    const logs = services.map(({ name }) => join(dir, `${name}.log`));
    const children = services.map(({ command, args }, i) => {
        const log = openSync(logs[i]!, "a");
        // The kernel ends it with this process, however that ends.
        const mortal = ["--pdeathsig", "KILL", command, ...args];
        const child = spawn("setpriv", mortal, { stdio: ["ignore", log, log] });
        closeSync(log);
        return child;
    });
    const stop = async () => {
        await Promise.all(children.map(end));
        await rm(dir, { recursive: true, force: true });
    };
    try {
        const attempt = async () => {
            const ended = services.find((_, i) => hasEnded(children[i]!));
            if (ended) return { failed: `${ended.name} ended` };
            await kubectl(loopback, ["get", "--raw", "/readyz"], { timeoutMs: 5_000 });
            return { done: true };
        };
        await poll(DEADLINE_MS, "API server", attempt, SOON);
        await kubectl(loopback, ["create", "-f", "-"], { input: JSON.stringify(STORAGE_CLASS) });
    } catch (error) {
        const texts = await Promise.all(logs.map((file) => readFile(file, "utf8")));
        await stop();
        const ends = texts.map((text) => tail(text.trim(), 8));
        throw new Error([messageOf(error), ...ends].join("\n"));
    }
    return {
        kubeconfig: loopback.kubeconfig,
        kubectl: (args, objects) => kubectl(loopback, args, { input: objects && list(objects) }),
        refusedFields: (objects) => refusedFields(loopback, objects),
        kubeconfigOf: async (group) => {
            const file = join(dir, `${fileName(group)}.kubeconfig`);
            await createKubeconfig(loopback, fileName(group), `/O=${group}/CN=${group}`, file);
            return file;
        },
        audit: (group) => readAudit(dir, group),
        stop,
    };
}

function fileName(group: string): string {
    return group.replaceAll(":", "-");
}

function list(items: object[]): string {
    return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

async function refusedFields(server: Instance, objects: object[]): Promise<string[]> {
    const other = ["--server-side", "--field-manager=another", "--dry-run=server"];
    const apply = [`--kubeconfig=${server.kubeconfig}`, "apply", ...other, "-f", "-"];
    const { code, output } = await launch(await ensureBinary("kubectl"), apply, {}, list(objects))
        .ended;
    const fields = [...output.matchAll(/(?:": |^- )(\.\S+)$/gm)].map(([, field]) => field!);
    // Any other error is no answer.
    if ((code === 0) !== (fields.length === 0)) throw new Error(output);
    return fields;
}

function hasEnded(child: ChildProcess): boolean {
    return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
    if (hasEnded(child)) return;
    const exited = once(child, "exit");
    // Nothing is worth a graceful end: the data goes.
    child.kill("SIGKILL");
    await exited;
}

/** Ports of loopback that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
    const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
    await Promise.all(servers.map((server) => once(server, "listening")));
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    await Promise.all(
        servers.map((server) => {
            server.close();
            return once(server, "close");
        }),
    );
    return ports;
}

/** What Pulumi.prod.yaml asks for before the first `up`: namespaces, and nodes for the replicas of Cilium's operator. */
export async function prepareProduction(api: ApiServer): Promise<void> {
    for (const name of ["spire-server", "spire-agents"]) {
        await api.kubectl(["create", "namespace", name]);
    }
    const labels = { "node-role.kubernetes.io/control-plane": "" };
    const nodes = ["a", "b"].map((name) => ({
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels },
    }));
    await api.kubectl(["create", "-f", "-"], nodes);
}
