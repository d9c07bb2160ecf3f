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
import { Agent } from "./components/spire/agent";
import { agentArgs, serverArgs } from "./components/spire/args";
import { spireNamespaces } from "./components/spire/namespaces";
import { Server } from "./components/spire/server";
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
    const server = new Server("spire", serverArgs(settings), after(cilium, ...namespaces));
    // Agents that start before the server is Ready back off for more than a minute.
    const agent = new Agent("spire", agentArgs(settings), after(server));
    const entries = new AgentEntries("cilium", agentEntriesArgs(settings, id), {
        dependsOn: [cilium, server, agent],
    });
    const workloads = registerWorkloads("workloads", settings, id, { dependsOn: [server, agent] });
    const looks = verify(settings, { server, agent, entries });
    const spire = [...namespaces, server, agent, entries, ...workloads];
    new Protection(protect, [cilium, ...spire, ...observers, ...looks], cilium.objects);
    return { ...plainOutputs(settings), agents: entries.agents };
};
