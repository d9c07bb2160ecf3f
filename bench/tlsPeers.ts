/** Pods that authenticate each other themselves: examples/workload-mtls. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@cilium-spire/entries-provider";
import { parseAllDocuments } from "yaml";
import { kubectl } from "../sandbox/controlPlane/kubectl";
import type { Instance } from "../sandbox/host/instance";
import { repositoryRoot } from "../sandbox/host/paths";
import { CONNECTED_MS, type Peers } from "./peers";

const NAMESPACE = "workload-mtls";
const MANIFEST = join(repositoryRoot, "examples", "workload-mtls", "kubernetes.yaml");
const REMOVAL_MS = 120_000;

/** For the pods' controller: the SPIFFE IDs that the example's pods expect of each other. */
export const CLUSTER_SPIFFE_ID = {
    apiVersion: "spire.spiffe.io/v1alpha1",
    kind: "ClusterSPIFFEID",
    metadata: { name: NAMESPACE },
    spec: {
        className: "cilium-spire",
        spiffeIDTemplate:
            "spiffe://{{ .TrustDomain }}/{{ .PodMeta.Namespace }}/{{ .PodSpec.ServiceAccountName }}",
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } },
    },
};

/** A server and a client on two nodes. Every pod has an entry of its own, by its UID. */
export class TlsPeers implements Peers {
    constructor(private readonly target: Instance) {}

    async meet(): Promise<void> {
        const items = await exampleObjects();
        await this.kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items });
        await this.answered();
    }

    async meetFrom(node: string): Promise<void> {
        const spec = { nodeSelector: { "kubernetes.io/hostname": node } };
        const patch = JSON.stringify({ spec: { template: { spec } } });
        await this.kubectl(["patch", "deployment", "client", "-p", patch]);
        await this.answered(["--field-selector", `spec.nodeName=${node}`]);
    }

    async remove(): Promise<void> {
        const gone = ["delete", "namespace", NAMESPACE, "--ignore-not-found"];
        await kubectl(this.target, gone, { timeoutMs: REMOVAL_MS });
    }

    /** Waits until the client has written that it was answered. @param where of its pods those that count. */
    private async answered(where: string[] = []): Promise<void> {
        const pods = ["get", "pods", "-l", "app=client", "-o", "name", ...where];
        const attempt = async () => {
            const names = (await this.kubectl(pods)).split("\n").filter((name) => name !== "");
            const logs = await Promise.all(names.map((name) => this.kubectl(["logs", name])));
            if (logs.some((log) => log.includes('"event":"answered"'))) return { done: true };
            const last = logs.map((log) => log.trim().split("\n").at(-1)).join("; ");
            return { waitingFor: last || "it has written nothing" };
        };
        // A container that is not there yet has no log.
        await poll(CONNECTED_MS, "answer to the client", attempt, { errorsWait: true });
    }

    private async kubectl(args: string[], input?: object): Promise<string> {
        return await kubectl(this.target, ["-n", NAMESPACE, ...args], {
            ...(input && { input: JSON.stringify(input) }),
        });
    }
}

interface ExampleObject {
    kind: string;
    metadata: { name: string };
    spec?: { template: { spec: { affinity?: object } } };
}

/** With the client on another node than the server. */
async function exampleObjects(): Promise<ExampleObject[]> {
    const documents = parseAllDocuments(await readFile(MANIFEST, "utf8"));
    const objects = documents.map((each) => each.toJS() as ExampleObject);
    const client = objects.find(
        ({ kind, metadata }) => kind === "Deployment" && metadata.name === "client",
    );
    const labelSelector = { matchLabels: { app: "server" } };
    const apart = [{ topologyKey: "kubernetes.io/hostname", labelSelector }];
    client!.spec!.template.spec.affinity = {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: apart },
    };
    return objects;
}
