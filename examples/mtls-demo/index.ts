/** A server, two clients that may talk to it once authenticated (one on its node, one on another), and a stranger. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { MutualAuthPolicy } from "../../components/cilium/authPolicy";
import type { StackOutputs } from "../../outputs";
import { CLIENTS, NAMESPACE, PORT, SERVER, STRANGER } from "./names";

/** Kubernetes' own test image: `netexec` serves HTTP, `connect` tries one TCP connection, `pause` waits. */
const IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.56";

export = (): pulumi.Inputs => {
    const config = new pulumi.Config();
    const platform = new pulumi.StackReference(config.require("platform"));
    const trustDomain = platform.requireOutput("trustDomain" satisfies keyof StackOutputs);
    const namespace = new k8s.core.v1.Namespace(NAMESPACE, {
        metadata: {
            name: NAMESPACE,
            labels: { "pod-security.kubernetes.io/enforce": "restricted" },
        },
    });
    const opts = { dependsOn: [namespace] };
    const policy = new MutualAuthPolicy(
        "server-requires-authentication",
        {
            namespace: NAMESPACE,
            pods: { app: SERVER },
            ingress: Object.values(CLIENTS).map((app) => ({ labels: { app }, ports: [PORT] })),
        },
        opts,
    );
    const server = pod(SERVER, ["netexec", `--http-port=${PORT}`], {}, [policy]);
    new k8s.core.v1.Service(
        SERVER,
        {
            metadata: { name: SERVER, namespace: NAMESPACE },
            spec: { selector: { app: SERVER }, ports: [{ port: PORT }] },
        },
        opts,
    );
    pod(CLIENTS.sameNode, ["pause"], { podAffinity: nextTo(SERVER) }, [server]);
    pod(CLIENTS.otherNode, ["pause"], { podAntiAffinity: nextTo(SERVER) }, [server]);
    pod(STRANGER, ["pause"], {}, [server]);
    return { trustDomain, namespace: NAMESPACE };
};

function pod(
    name: string,
    args: string[],
    affinity: k8s.types.input.core.v1.Affinity,
    dependsOn: pulumi.Resource[],
): k8s.apps.v1.Deployment {
    const labels = { app: name };
    const container = {
        name,
        image: IMAGE,
        args,
        securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        },
    };
    const spec = {
        affinity,
        terminationGracePeriodSeconds: 1,
        securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [container],
    };
    return new k8s.apps.v1.Deployment(
        name,
        {
            metadata: { name, namespace: NAMESPACE },
            spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
        },
        { dependsOn },
    );
}

function nextTo(app: string) {
    return {
        requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app } } },
        ],
    };
}
