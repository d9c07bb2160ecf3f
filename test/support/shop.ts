/** The service of examples/own-program and examples/consumer-stack: payments, to which only checkout may connect. */
import type { Instance } from "../../sandbox/host/instance";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import type { Scene } from "../../doctor/proof/scene";

export const SHOP: Scene = {
    namespace: "shop",
    server: "payments",
    port: 8080,
    clients: { sameNode: "checkout" },
    stranger: "stranger",
};

const IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.56";

/** Puts the pods into a namespace that a stack protects, by other means than the stack's, and waits for them. */
export async function deployService(sandbox: Instance): Promise<void> {
    const { namespace, server, port, clients, stranger } = SHOP;
    const commands = {
        [server]: ["netexec", `--http-port=${port}`],
        [clients.sameNode]: ["pause"],
        [stranger]: ["pause"],
    };
    const deployments = Object.entries(commands).map(([name, args]) => ({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace },
        spec: {
            selector: { matchLabels: { app: name } },
            template: { metadata: { labels: { app: name } }, spec: pod(name, args) },
        },
    }));
    const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: server, namespace },
        spec: { selector: { app: server }, ports: [{ port }] },
    };
    const list = { apiVersion: "v1", kind: "List", items: [service, ...deployments] };
    await kubectl(sandbox, ["apply", "-f", "-"], { input: JSON.stringify(list) });
    const wait = ["wait", "--for=condition=Available", "deployments", "--all", "--timeout=120s"];
    await kubectl(sandbox, ["-n", namespace, ...wait], { timeoutMs: 150_000 });
}

function pod(name: string, args: string[]): object {
    return {
        terminationGracePeriodSeconds: 1,
        securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
            {
                ...{ name, image: IMAGE, args },
                securityContext: {
                    allowPrivilegeEscalation: false,
                    capabilities: { drop: ["ALL"] },
                },
            },
        ],
    };
}
