/** A server on every node that only authenticated clients may reach, and clients of it, each with an identity of its own. */
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import { testSandbox } from "./sandbox";

export const ECHO_NAMESPACE = "hubble-test";
const IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.56";
const PORT = 8080;

const kubectl = (args: string[], input?: object) =>
    kubectlOf(testSandbox, ["-n", ECHO_NAMESPACE, ...args], {
        ...(input && { input: JSON.stringify(input) }),
        timeoutMs: 180_000,
    });

/** Makes the servers and waits until they are Ready. */
export async function startEchoes(): Promise<void> {
    const metadata = { name: "echo", namespace: ECHO_NAMESPACE };
    const matchLabels = { app: "echo" };
    const container = { name: "echo", image: IMAGE, args: ["netexec", `--http-port=${PORT}`] };
    const spec = {
        tolerations: [{ operator: "Exists" }],
        terminationGracePeriodSeconds: 1,
        containers: [{ ...container, readinessProbe: { httpGet: { path: "/", port: PORT } } }],
    };
    const template = { metadata: { labels: matchLabels }, spec };
    const items = [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: ECHO_NAMESPACE } },
        {
            ...{ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata },
            spec: {
                endpointSelector: { matchLabels },
                ingress: [
                    {
                        authentication: { mode: "required" },
                        fromEndpoints: [{ matchLabels: { role: "client" } }],
                    },
                    { fromEntities: ["host"] },
                ],
            },
        },
        {
            ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata },
            spec: { selector: { matchLabels }, template },
        },
    ];
    await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items });
    await kubectl(["rollout", "status", "daemonset/echo", "--timeout=120s"]);
}

/** Makes a pod that may reach the servers, and waits until it is Ready. */
export async function startClient(name: string): Promise<void> {
    await kubectl(["apply", "-f", "-"], {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: ECHO_NAMESPACE, labels: { app: name, role: "client" } },
        spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name, image: IMAGE, args: ["pause"] }],
        },
    });
    await kubectl(["wait", "--for=condition=Ready", `pod/${name}`, "--timeout=120s"]);
}

/** URL of the server of a node, by address. */
export async function echoUrl(node: string): Promise<string> {
    const where = ["-l", "app=echo", `--field-selector=spec.nodeName=${node}`];
    const ip = await kubectl(["get", "pods", ...where, "-o", "jsonpath={.items[0].status.podIP}"]);
    return `http://${ip}:${PORT}/hostname`;
}

/** Lets a client connect to the server of every node. @returns the nodes on which it could not. */
export async function unreached(client: string): Promise<string[]> {
    const columns = '{range .items[*]}{.spec.nodeName} {.status.podIP}{"\\n"}{end}';
    const servers = await kubectl(["get", "pods", "-l", "app=echo", "-o", `jsonpath=${columns}`]);
    const pairs = servers.split("\n").filter((line) => line !== "");
    const results = await Promise.all(
        pairs.map(async (line) => {
            const [node, ip] = line.split(" ") as [string, string];
            const connect = ["/agnhost", "connect", `${ip}:${PORT}`, "--timeout=2s"];
            const command = ["exec", client, "--", ...connect];
            return await kubectl(command).then(
                () => [],
                () => [node],
            );
        }),
    );
    return results.flat();
}

export async function stopEchoes(): Promise<void> {
    const gone = ["delete", "namespace", ECHO_NAMESPACE, "--ignore-not-found"];
    await kubectlOf(testSandbox, gone, { timeoutMs: 180_000 });
}
