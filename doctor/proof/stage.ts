/** A scene of short-lived pods, set up on any cluster for one proof and removed after it. */
import { randomBytes } from "node:crypto";
import { type Cluster, isReady, podState, poll } from "@cilium-spire/entries-provider";
import { authPolicySpec } from "../../components/cilium/authPolicySpec";
import type { Scene } from "./scene";

/** Kubernetes' own test image: `netexec` serves HTTP, `connect` tries one TCP connection, `pause` waits. */
export const AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.56";

const PORT = 8080;
/** Pods end by themselves, should their remover be killed. */
const LONGEST_LIFE_S = 15 * 60;
const REMOVAL_MS = 90_000;

/** What a user chooses of a stage. */
export interface StageOptions {
    /** An image with `/agnhost`. */
    image: string;
    /** A namespace that is there, and stays. @default one of its own, which goes */
    namespace?: string | undefined;
    /** Secrets in that namespace by which the kubelets pull the image. */
    pullSecrets: readonly string[];
}

/** The pods of one proof, their Service and their policy. */
export class Stage {
    private readonly scene: Scene;
    /** What is being made; what is asked for after {@link remove} was called is not made. */
    private making: Promise<unknown> = Promise.resolve();
    private ending = false;
    private madeNamespace = false;

    constructor(
        private readonly cluster: Cluster,
        private readonly options: StageOptions,
    ) {
        // Of this run alone: Cilium makes new identities for labels and namespaces that it has not seen.
        const name = `cilium-spire-proof-${randomBytes(3).toString("hex")}`;
        this.scene = {
            namespace: options.namespace ?? name,
            server: `${name}-server`,
            port: PORT,
            clients: { sameNode: `${name}-same-node`, otherNode: `${name}-other-node` },
            stranger: `${name}-stranger`,
        };
    }

    /**
     * Makes all, and waits until the pods are Ready.
     *
     * @returns the scene; without a client on another node where the cluster has no second node that takes pods.
     * @throws Error that says which pod is not Ready, and why. What was made by then is for {@link remove}.
     */
    async setUp(waitMs: number): Promise<Scene> {
        const { scene } = this;
        const { server, stranger } = scene;
        const { sameNode } = scene.clients;
        const otherNode = (await this.nodesForPods()) > 1 ? scene.clients.otherNode : undefined;
        await this.makeNamespace();
        const clients = [sameNode, ...(otherNode === undefined ? [] : [otherNode])];
        const spec = authPolicySpec({
            pods: { app: server },
            ingress: clients.map((app) => ({ labels: { app }, ports: [PORT] })),
        });
        const { policy, service } = this.headers();
        await this.make({ ...policy, spec });
        const ports = [{ port: PORT }];
        await this.make({ ...service, spec: { selector: { app: server }, ports } });
        await this.makePod(server, ["netexec", `--http-port=${PORT}`]);
        await this.makePod(sameNode, ["pause"], { podAffinity: nextTo(server) });
        if (otherNode)
            await this.makePod(otherNode, ["pause"], { podAntiAffinity: nextTo(server) });
        await this.makePod(stranger, ["pause"]);
        await this.waitUntilReady([server, ...clients, stranger], waitMs);
        return { ...scene, clients: { sameNode, ...(otherNode !== undefined && { otherNode }) } };
    }

    /**
     * Removes what was made, also in the middle of {@link setUp}, and waits until it is gone.
     *
     * @throws Error that names what is left at the deadline.
     */
    async remove(): Promise<void> {
        this.ending = true;
        await this.making.catch(() => undefined);
        const { namespace } = this.scene;
        const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
        const inForeign = this.options.namespace !== undefined;
        if (!inForeign && !this.madeNamespace) return;
        const made = inForeign ? Object.values(this.headers()) : [own];
        for (const header of made) await this.drop(header);
        await poll(REMOVAL_MS, "end of what the proof made", async () => {
            const found = await Promise.all(
                made.map((header) => this.cluster.find(this.cluster.objects.read(header))),
            );
            const left = made.filter((_, i) => found[i]);
            const names = left.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
            return names.length > 0
                ? { waitingFor: `still being removed: ${names.join(", ")}` }
                : { done: true };
        });
    }

    /** What there is in the namespace, made or not. */
    private headers() {
        const { namespace, server, clients, stranger } = this.scene;
        const metadata = { name: server, namespace };
        const pod = (name: string) => podHeader(name, namespace);
        return {
            policy: { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata },
            service: { apiVersion: "v1", kind: "Service", metadata },
            server: pod(server),
            sameNode: pod(clients.sameNode),
            ...(clients.otherNode !== undefined && { otherNode: pod(clients.otherNode) }),
            stranger: pod(stranger),
        };
    }

    /** How many nodes there are for pods without tolerations. */
    private async nodesForPods(): Promise<number> {
        const takes = await this.cluster.list(
            (page) => this.cluster.core.listNode(page),
            ({ spec, status }) =>
                !spec?.unschedulable &&
                !spec?.taints?.some(({ effect }) => effect !== "PreferNoSchedule") &&
                status?.conditions?.some((c) => c.type === "Ready" && c.status === "True"),
        );
        return takes.filter(Boolean).length;
    }

    private async makeNamespace(): Promise<void> {
        const { core } = this.cluster;
        const { namespace } = this.scene;
        if (this.options.namespace !== undefined) {
            if (await this.cluster.find(core.readNamespace({ name: namespace }))) return;
            throw new Error(
                `namespace "${namespace}" does not exist; make it first, or leave it out`,
            );
        }
        const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
        const metadata = { name: namespace, labels };
        await this.make({ apiVersion: "v1", kind: "Namespace", metadata });
        this.madeNamespace = true;
        // Its controller makes it a moment later, and pods are refused until then.
        await poll(30_000, `service account "default" in namespace ${namespace}`, async () => {
            const account = { namespace, name: "default" };
            const found = await this.cluster.find(core.readNamespacedServiceAccount(account));
            return found ? { done: true } : { waitingFor: "it was not made" };
        });
    }

    private async makePod(name: string, args: string[], affinity: Affinity = {}): Promise<void> {
        const container = {
            name,
            args,
            image: this.options.image,
            // In full: an image of somebody else's may have another entrypoint.
            command: ["/agnhost"],
            securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
            },
        };
        const spec = {
            affinity,
            containers: [container],
            imagePullSecrets: this.options.pullSecrets.map((secret) => ({ name: secret })),
            activeDeadlineSeconds: LONGEST_LIFE_S,
            terminationGracePeriodSeconds: 1,
            automountServiceAccountToken: false,
            restartPolicy: "Never",
            securityContext: {
                runAsNonRoot: true,
                runAsUser: 65532,
                seccompProfile: { type: "RuntimeDefault" },
            },
        };
        const { metadata, ...kind } = podHeader(name, this.scene.namespace);
        await this.make({ ...kind, metadata: { ...metadata, labels: { app: name } }, spec });
    }

    private async waitUntilReady(names: string[], waitMs: number): Promise<void> {
        const { namespace } = this.scene;
        await poll(waitMs, `Ready pods of the proof in namespace ${namespace}`, async () => {
            if (this.ending) return { failed: "they are being removed" };
            const pods = await Promise.all(
                names.map((name) =>
                    this.cluster.ask(this.cluster.core.readNamespacedPod({ namespace, name })),
                ),
            );
            const unready = pods.filter((pod) => !isReady(pod));
            if (unready.length === 0) return { done: true };
            return { waitingFor: unready.map(podState).join("; ") };
        });
    }

    private async make(object: Manifest): Promise<void> {
        if (this.ending) throw new Error("the pods of the proof are being removed");
        this.making = this.cluster.ask(this.cluster.objects.create(object));
        await this.making;
    }

    private async drop(header: Manifest): Promise<void> {
        await this.cluster.find(this.cluster.objects.delete(header));
    }
}

interface Manifest {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string; labels?: Record<string, string> };
    spec?: object;
}

function podHeader(name: string, namespace: string): Manifest {
    return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace } };
}

type Affinity = Partial<Record<"podAffinity" | "podAntiAffinity", ReturnType<typeof nextTo>>>;

function nextTo(app: string) {
    return {
        requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app } } },
        ],
    };
}
