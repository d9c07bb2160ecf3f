/** What the stack's state says of the cluster. */
import * as pulumi from "@pulumi/pulumi";
import { objectKey } from "./doctor/ownership";

interface KubernetesObject {
    kind?: string;
    metadata?: { name?: string; namespace?: string };
}

/**
 * The Kubernetes objects in the state of the last update, each as its `objectKey`. What an earlier version of this program
 * wrote has a field manager that only the state can tell from a stranger's.
 */
export async function objectsInState(): Promise<Set<string>> {
    const stackName = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
    // What StackReference asks for, of all resources (pkg/resource/deploy/builtins.go).
    const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
        stackName,
    })) as { outputs?: Record<string, { outputs?: KubernetesObject }> };
    return new Set(
        Object.values(outputs ?? {}).flatMap(({ outputs: object }) => {
            const { kind, metadata } = object ?? {};
            if (!kind || !metadata?.name) return [];
            return [objectKey(kind, metadata.name, metadata.namespace)];
        }),
    );
}
