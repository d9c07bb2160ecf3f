/** An API server that knows what a test tells it: a web server on loopback, to which KUBECONFIG points meanwhile. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";

const NAMESPACED = [
    "StatefulSet",
    "DaemonSet",
    "Deployment",
    "Service",
    "ServiceAccount",
    "ConfigMap",
];
const CLUSTER_WIDE = ["Namespace", "ClusterRole", "ClusterRoleBinding"];

/** Which kinds there are, and below which paths: for every group the same list. */
const KINDS = [...NAMESPACED, ...CLUSTER_WIDE].map((kind) => ({
    kind,
    name: `${kind.toLowerCase()}s`,
    namespaced: NAMESPACED.includes(kind),
}));

/** @param answer what is at a path; undefined for "not found". */
export function useFakeCluster(answer: (path: string) => object | undefined): void {
    const cluster = createServer((request, response) => {
        const path = new URL(request.url!, "http://x").pathname.replace(/\/$/, "");
        const found = /^\/(api|apis\/[^/]+)\/v1$/.test(path) ? { resources: KINDS } : answer(path);
        response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
        response.end(JSON.stringify(found ?? { kind: "Status", message: "not found", code: 404 }));
    });
    const inherited = process.env.KUBECONFIG;
    let dir = "";
    before(async () => {
        await new Promise<void>((resolve) => cluster.listen(0, "127.0.0.1", resolve));
        const { port } = cluster.address() as AddressInfo;
        dir = await mkdtemp(join(tmpdir(), "cilium-spire-cluster-"));
        // The client speaks plain HTTP only when told that it need not check certificates.
        const server = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
        const config = {
            "current-context": "test",
            contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
            clusters: [{ name: "test", cluster: server }],
            users: [{ name: "test", user: {} }],
        };
        process.env.KUBECONFIG = join(dir, "kubeconfig");
        await writeFile(process.env.KUBECONFIG, JSON.stringify(config));
    });
    after(async () => {
        if (inherited === undefined) delete process.env.KUBECONFIG;
        else process.env.KUBECONFIG = inherited;
        cluster.close();
        await rm(dir, { recursive: true });
    });
}
