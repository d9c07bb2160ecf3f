/** cilium-spire: Cilium, then SPIRE, then the registration entries that join them. */
import { delegateSpiffeId } from "@cilium-spire/entries-provider";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Adoption } from "./components/cilium/adoption";
import { ciliumArgs } from "./components/cilium/args";
import { Release } from "./components/cilium/release";
import { AgentEntries } from "./components/entries/agentEntries";
import { agentEntriesArgs, workloadEntriesArgs } from "./components/entries/args";
import { WorkloadEntries } from "./components/entries/workloadEntries";
import { stableFieldManager } from "./components/fieldManager";
import { AGENT_NAME, BUNDLE_CONFIG_MAP } from "./components/names";
import { Agent } from "./components/spire/agent";
import { spireNamespaces } from "./components/spire/namespaces";
import { Server, serverAddress } from "./components/spire/server";
import { verify } from "./components/verification";
import { loadSettings } from "./config";
import type { ProgramOutputs } from "./outputs";
import { requireCluster } from "./preflight";

/** A function, so that the Automation API can run the program more than once in a process. */
export = async (): Promise<ProgramOutputs> => {
    const settings = loadSettings();
    const { trustDomain, clusterName, kubeContext, registration, images } = settings;
    const { sockets, version, ...spire } = settings.spire;
    const stack = pulumi.getStack();
    await requireCluster(settings, stack).catch((error: unknown) => {
        // Pulumi prints this kind of error without a stack: it is for the user, not for us.
        throw new pulumi.RunError((error as Error).message);
    });
    const provider = new k8s.Provider("cluster", {
        context: kubeContext,
        // A ConfigMap whose name others know is changed in place, not deleted and made again.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
    });
    // An `up` that is killed must not be in the way of the next one.
    const objects = { provider, transforms: [stableFieldManager(stack)] };
    const spireArgs = { trustDomain, clusterName, version, images };
    const { host, port } = serverAddress(spire.server.namespace);
    const Cilium = settings.cilium.mode === "adopt" ? Adoption : Release;
    const cilium = new Cilium("cilium", ciliumArgs(settings), objects);
    const namespaces = spireNamespaces(
        { server: spire.server.namespace, agent: spire.agent.namespace },
        objects,
    );
    const server = new Server(
        "spire",
        {
            ...spireArgs,
            agent: { namespace: spire.agent.namespace, serviceAccount: AGENT_NAME },
            nodeLabelKeys: Object.keys(registration.operatorNodeLabels),
            settings: spire.server,
        },
        { ...objects, dependsOn: [cilium, namespaces.server, namespaces.agent] },
    );
    const agent = new Agent(
        "spire",
        {
            ...spireArgs,
            version: spire.agent.version ?? version,
            server: { host, port },
            sockets,
            delegates: [delegateSpiffeId(trustDomain)],
            settings: spire.agent,
        },
        // Agents that start before the server is Ready back off for more than a minute.
        { ...objects, dependsOn: [server] },
    );
    const entriesArgs = agentEntriesArgs(settings, stack);
    const entries = new AgentEntries("cilium", entriesArgs, { dependsOn: [cilium, server, agent] });
    if (Object.keys(settings.workloads).length > 0) {
        const workloadArgs = workloadEntriesArgs(settings, stack);
        new WorkloadEntries("workloads", workloadArgs, { dependsOn: [server, agent] });
    }
    if (settings.verify) verify("verify", settings, { server, agent, entries });
    return {
        trustDomain,
        clusterName,
        spireVersion: version,
        ciliumVersion: settings.cilium.version,
        spireServer: { address: `${host}:${port}`, ...entriesArgs.server },
        workloadSocket: sockets.workload,
        adminSocket: sockets.admin,
        trustBundle: { namespace: spire.agent.namespace, configMap: BUNDLE_CONFIG_MAP },
        agents: entries.agents,
    };
};
