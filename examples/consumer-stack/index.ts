/** A service, who may talk to it, and its SPIFFE IDs: a stack beside the platform's, which knows it by its outputs alone. */
import {
    MutualAuthPolicy,
    platformOutputs,
    teamEntriesArgs,
    WorkloadEntries,
} from "@cilium-spire/components";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const NAMESPACE = "shop";
const PORT = 8080;
/** Kubernetes' own test image: `netexec` serves HTTP, `pause` waits. */
const IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.56";

export = async (): Promise<pulumi.Inputs> => {
    const platform = await platformOutputs(new pulumi.Config().require("platform"));
    const id = { project: pulumi.getProject(), stack: pulumi.getStack() };

    const namespace = new k8s.core.v1.Namespace(NAMESPACE, {
        metadata: {
            name: NAMESPACE,
            labels: { "pod-security.kubernetes.io/enforce": "restricted" },
        },
    });
    const inNamespace = { dependsOn: [namespace] };
    const policy = new MutualAuthPolicy(
        "payments",
        {
            namespace: NAMESPACE,
            pods: { app: "payments" },
            ingress: [{ labels: { app: "checkout" }, ports: [PORT] }],
        },
        inNamespace,
    );
    // For the service's own TLS, from the Workload API: Cilium's identities are made by its operator.
    const team = {
        namespaces: [NAMESPACE],
        paths: ["/shop", `/ns/${NAMESPACE}`],
        workloads: {
            payments: {
                path: "/shop/payments",
                selectors: [`k8s:ns:${NAMESPACE}`, "k8s:sa:payments"],
            },
        },
        // One for each, as /ns/<namespace>/sa/<service account>.
        accounts: { callers: { serviceAccounts: { [NAMESPACE]: ["checkout", "stranger"] } } },
    };
    new WorkloadEntries("shop", teamEntriesArgs(platform, id, team));

    const service = new k8s.core.v1.Service(
        "payments",
        {
            metadata: { name: "payments", namespace: NAMESPACE },
            spec: { selector: { app: "payments" }, ports: [{ port: PORT }] },
        },
        inNamespace,
    );
    // After the policy, so that no connection is older than it.
    const protectedBy = { dependsOn: [policy] };
    deployment("payments", ["netexec", `--http-port=${PORT}`], protectedBy);
    deployment("checkout", ["pause"], protectedBy);
    deployment("stranger", ["pause"], protectedBy);
    const paymentsId = `spiffe://${platform.trustDomain}/shop/payments`;
    return { paymentsId, address: service.spec.clusterIP };
};

function deployment(name: string, args: string[], opts: pulumi.CustomResourceOptions): void {
    const labels = { app: name };
    const metadata = { name, namespace: NAMESPACE };
    const account = new k8s.core.v1.ServiceAccount(name, { metadata }, opts);
    const container = {
        ...{ name, image: IMAGE, args },
        securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        },
    };
    const spec = {
        serviceAccountName: account.metadata.name,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [container],
    };
    new k8s.apps.v1.Deployment(
        name,
        {
            metadata,
            spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
        },
        opts,
    );
}
