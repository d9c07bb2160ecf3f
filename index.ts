/** cilium-spire: Cilium, then SPIRE, then the registration entries that join them. */
import * as pulumi from "@pulumi/pulumi";
import { Adoption } from "./components/cilium/adoption";
import { ciliumArgs } from "./components/cilium/args";
import { Installation } from "./components/cilium/installation";
import { clusterProvider } from "./components/clusterProvider";
import { AgentEntries } from "./components/entries/agentEntries";
import { agentEntriesArgs } from "./components/entries/args";
import { registerWorkloads } from "./components/entries/workloadEntries";
import { stableFieldManager } from "./components/fieldManager";
import { observe } from "./components/observability/observability";
import { installOidcDiscoveryProvider, installSpire } from "./components/spire/installed";
import { spireNamespaces } from "./components/spire/namespaces";
import { Protection } from "./components/protection";
import { verify } from "./components/verification";
import { loadSettings } from "./config";
import { requireCluster } from "./doctor/requirements";
import { type ProgramOutputs, plainOutputs } from "./outputs";
import { objectsInState } from "./state";

/** A function, so that the Automation API can run the program more than once in a process. */
export = async (): Promise<ProgramOutputs> => {
    const settings = loadSettings();
    const id = { project: pulumi.getProject(), stack: pulumi.getStack() };
    await requireCluster(settings, id, objectsInState).catch((error: unknown) => {
        // Pulumi prints this kind of error without a stack: it is for the user, not for us.
        throw new pulumi.RunError((error as Error).message);
    });
    const provider = clusterProvider("cluster", settings);
    // An `up` that is killed must not be in the way of the next one.
    const objects = { provider, transforms: [stableFieldManager(id)] };
    const after = (...dependsOn: pulumi.Resource[]) => ({ ...objects, dependsOn });
    const { protect, cilium: how } = settings;
    const cilium =
        how.mode === "adopt"
            ? new Adoption("cilium", ciliumArgs({ ...settings, cilium: how }), objects)
            : new Installation("cilium", ciliumArgs({ ...settings, cilium: how }), objects);
    const namespaces = spireNamespaces(settings.spire, { ...objects, protect });
    const observers = observe("observability", settings, after(cilium, ...namespaces));
    const { parts, revisions } = installSpire("spire", settings, after, [cilium, ...namespaces]);
    const entries = new AgentEntries("cilium", agentEntriesArgs(settings, id), {
        dependsOn: [cilium, ...parts],
    });
    const workloads = registerWorkloads("workloads", settings, id, { dependsOn: parts });
    const providers = installOidcDiscoveryProvider("oidc", settings, after(...workloads));
    const looks = verify(settings, { revisions, entries });
    const spire = [...namespaces, ...parts, entries, ...workloads, ...providers];
    new Protection(protect, [cilium, ...spire, ...observers, ...looks], cilium.objects);
    return { ...plainOutputs(settings), agents: entries.agents };
};
