/** Cilium, SPIRE, the entries that join them, and a namespace whose pods must authenticate: a program of one's own. */
import {
    Agent,
    agentArgs,
    AgentEntries,
    agentEntriesArgs,
    ciliumArgs,
    clusterProvider,
    decodeSettings,
    Installation,
    installsSpire,
    MutualAuthPolicy,
    plainOutputs,
    Server,
    serverArgs,
    spireNamespaces,
    stableFieldManager,
} from "@cilium-spire/components";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export = (): pulumi.Inputs => {
    const settings = decodeSettings(new pulumi.Config().requireObject("platform"), "platform.");
    const { cilium: how } = settings;
    if (how.mode !== "install" || !installsSpire(settings)) {
        throw new pulumi.RunError(
            "platform.cilium.mode, platform.spire.mode: this program installs Cilium and SPIRE; remove both",
        );
    }
    const id = { project: pulumi.getProject(), stack: pulumi.getStack() };
    const provider = clusterProvider("cluster", settings);
    const objects = { provider, transforms: [stableFieldManager(id)] };
    const after = (...dependsOn: pulumi.Resource[]) => ({ ...objects, dependsOn });

    const cilium = new Installation("cilium", ciliumArgs({ ...settings, cilium: how }), objects);
    const namespaces = spireNamespaces(settings.spire, objects);
    const server = new Server("spire", serverArgs(settings), after(cilium, ...namespaces));
    const agent = new Agent("spire", agentArgs(settings), after(server));
    const entries = new AgentEntries("cilium", agentEntriesArgs(settings, id), {
        dependsOn: [cilium, server, agent],
    });

    const shop = new k8s.core.v1.Namespace(
        "shop",
        {
            metadata: {
                name: "shop",
                labels: { "pod-security.kubernetes.io/enforce": "restricted" },
            },
        },
        after(entries),
    );
    // Only checkout may connect to payments, on port 8080, and only authenticated.
    new MutualAuthPolicy(
        "payments",
        {
            namespace: shop.metadata.name,
            pods: { app: "payments" },
            ingress: [{ labels: { app: "checkout" }, ports: [8080] }],
        },
        after(cilium),
    );
    return { ...plainOutputs(settings), agents: entries.agents };
};
