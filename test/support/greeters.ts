/** Workloads that greet one of another trust domain by mutual TLS, in whichever cluster. */
import { Cluster, poll } from "@cilium-spire/entries-provider";
import { ensureTestImageArchive } from "../../sandbox/build/imageArchive";
import { SVID_TLS } from "../../sandbox/build/testImages";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import { type Instance, node } from "../../sandbox/host/instance";
import { loadImages } from "../../sandbox/nodes/nodes";

export const NAMESPACE = "greeting";
const PORT = 8443;
const NODE_PORT = 30500;
const READY_MS = 60_000;
const SOCKETS = "/run/spire/sockets";

/** A SPIFFE ID by its service account. */
export function greeterId(trustDomain: string, account: string): string {
    return `spiffe://${trustDomain}/ns/${NAMESPACE}/sa/${account}`;
}

/** `workloads` of a stack, by service accounts; each with the trust domains that it trusts. */
export function greeterEntries(accounts: Record<string, string[]>): object {
    return Object.fromEntries(
        Object.entries(accounts).map(([account, federatesWith]) => [
            account,
            {
                path: `/ns/${NAMESPACE}/sa/${account}`,
                selectors: [`k8s:ns:${NAMESPACE}`, `k8s:sa:${account}`],
                federatesWith,
            },
        ]),
    );
}

/** The pods of a cluster, all on one node. */
export class Greeters {
    private readonly cluster: Cluster;

    private constructor(private readonly sandbox: Instance) {
        this.cluster = new Cluster({ kubeconfig: sandbox.kubeconfig });
    }

    /**
     * Starts a pod for each account, and a Service of type NodePort before the first of them.
     *
     * @param peer SPIFFE ID of the only one that they greet.
     */
    static async start(
        sandbox: Instance,
        nodeIndex: number,
        accounts: [string, ...string[]],
        peer: string,
    ): Promise<Greeters> {
        const place = node(sandbox, nodeIndex);
        await loadImages(place, await ensureTestImageArchive([SVID_TLS]));
        const greeters = new Greeters(sandbox);
        const objects = accounts.flatMap((account) => podOf(account, place.name, peer));
        await greeters.kubectl("apply", [
            { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
            ...objects,
            serviceOf(accounts[0]),
        ]);
        return greeters;
    }

    /**
     * Lets the pod of an account call the Service of another cluster.
     *
     * @param peer SPIFFE ID that it expects there.
     * @returns what it was told, or why it was not.
     */
    async call(account: string, other: Instance, peer: string): Promise<string> {
        const target = { namespace: NAMESPACE, pod: account, container: "greeter" };
        const address = `${node(other, 1).ip}:${NODE_PORT}`;
        const options = { timeoutMs: 30_000 };
        const command = ["/svid-tls", "call", address, peer];
        const { stdout, stderr } = await this.cluster.exec(target, command, options);
        return `${stdout}${stderr}`;
    }

    /** As {@link call}, again until it is told this. */
    async hears(wanted: RegExp, ...[account, other, peer]: Parameters<Greeters["call"]>) {
        await poll(
            READY_MS,
            `${wanted.source} heard by ${account}`,
            async () => {
                const heard = await this.call(account, other, peer);
                return wanted.test(heard) ? { done: true } : { waitingFor: heard };
            },
            { errorsWait: true },
        );
    }

    /** What the pod of an account has printed. */
    async log(account: string): Promise<string> {
        return await kubectl(this.sandbox, ["-n", NAMESPACE, "logs", account]);
    }

    async stop(): Promise<void> {
        const gone = ["delete", "namespace", NAMESPACE, "--ignore-not-found"];
        await kubectl(this.sandbox, gone, { timeoutMs: 120_000 });
    }

    private async kubectl(verb: string, items: object[]): Promise<void> {
        const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
        await kubectl(this.sandbox, [verb, "-f", "-"], { input });
    }
}

function podOf(account: string, nodeName: string, peer: string): object[] {
    const metadata = { name: account, namespace: NAMESPACE, labels: { app: account } };
    const container = {
        ...{ name: "greeter", image: SVID_TLS.tag },
        args: ["serve", `:${PORT}`, peer],
        env: [{ name: "SPIFFE_ENDPOINT_SOCKET", value: `unix://${SOCKETS}/agent.sock` }],
        volumeMounts: [{ name: "socket", mountPath: SOCKETS, readOnly: true }],
    };
    const spec = {
        ...{ serviceAccountName: account, nodeName, terminationGracePeriodSeconds: 1 },
        containers: [container],
        volumes: [{ name: "socket", hostPath: { path: SOCKETS, type: "Directory" } }],
    };
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata },
        { apiVersion: "v1", kind: "Pod", metadata, spec },
    ];
}

function serviceOf(account: string): object {
    return {
        ...{ apiVersion: "v1", kind: "Service" },
        metadata: { name: "greeting", namespace: NAMESPACE },
        spec: {
            ...{ type: "NodePort", selector: { app: account } },
            ports: [{ port: PORT, nodePort: NODE_PORT }],
        },
    };
}
