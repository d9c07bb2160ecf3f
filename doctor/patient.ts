/** The cluster under examination: what several checks look at is read once. */
import {
    type AttestedAgent,
    type Awaited,
    agentNodes,
    agentSpiffeId,
    type Cluster,
    type Entry,
    hasEntriesIn,
    messageOf,
    type RollCall,
    rollCall,
    selectorText,
    SpireServer,
    type SpireServerRef,
    type V1DaemonSet,
    type V1Deployment,
    type V1Pod,
    type V1StatefulSet,
} from "@cilium-spire/entries-provider";
import { CILIUM } from "../components/names";
import { LeftOut } from "./leftOut";
import { ciliumIdentities } from "./identities";
import type { KnownStack, Site } from "./site";

export class Patient {
    private readonly read = new Map<string, Promise<unknown>>();

    /** @param stack undefined where only the cluster is known. */
    constructor(
        readonly cluster: Cluster,
        readonly site: Site,
        readonly stack?: KnownStack,
    ) {}

    /** @throws LeftOut when it is not on this cluster. */
    serverRef(): SpireServerRef {
        const { server } = this.site;
        if (server) return server;
        throw new LeftOut("the SPIRE server is not a StatefulSet of this cluster");
    }

    /** @throws LeftOut when there are none on this cluster. */
    agentsRef(): NonNullable<Site["agents"]> {
        const { agents } = this.site;
        if (agents) return agents;
        throw new LeftOut("no DaemonSet of this cluster has a container spire-agent");
    }

    serverSet(): Promise<V1StatefulSet | undefined> {
        const { namespace, statefulSet: name } = this.serverRef();
        return this.once("serverSet", () =>
            this.cluster.find(this.cluster.apps.readNamespacedStatefulSet({ name, namespace })),
        );
    }

    async serverPods(): Promise<V1Pod[]> {
        const { namespace } = this.serverRef();
        const set = await this.serverSet();
        return set
            ? await this.pods(namespace, selectorText("the server", set.spec?.selector))
            : [];
    }

    agentSet(): Promise<V1DaemonSet | undefined> {
        const { namespace, daemonSet: name } = this.agentsRef();
        return this.daemonSet(namespace, name);
    }

    async agentPods(): Promise<V1Pod[]> {
        const { namespace } = this.agentsRef();
        const set = await this.agentSet();
        return set
            ? await this.pods(namespace, selectorText("the agents", set.spec?.selector))
            : [];
    }

    /** What the agents read, as their ConfigMap has it: JSON, or HCL of other charts; undefined when it is somewhere else. */
    async agentConf(): Promise<string | undefined> {
        const { namespace } = this.agentsRef();
        const set = await this.agentSet();
        const volumes = set?.spec?.template.spec?.volumes ?? [];
        const names = volumes.flatMap(({ configMap }) => configMap?.name ?? []);
        for (const name of names) {
            const conf = (await this.configMap(namespace, name))?.["agent.conf"];
            if (conf !== undefined) return conf;
        }
        return undefined;
    }

    ciliumSet(): Promise<V1DaemonSet | undefined> {
        return this.daemonSet(this.site.namespace, CILIUM.agentDaemonSet);
    }

    ciliumPods(): Promise<V1Pod[]> {
        return this.pods(this.site.namespace, CILIUM.agentSelector);
    }

    operator(): Promise<V1Deployment | undefined> {
        const { namespace } = this.site;
        const name = CILIUM.operatorDeployment;
        return this.once("operator", () =>
            this.cluster.find(this.cluster.apps.readNamespacedDeployment({ name, namespace })),
        );
    }

    operatorPods(): Promise<V1Pod[]> {
        return this.pods(this.site.namespace, "io.cilium/app=operator");
    }

    /** Data of Cilium's ConfigMap; undefined when there is none. */
    ciliumConfig(): Promise<Record<string, string> | undefined> {
        return this.configMap(this.site.namespace, CILIUM.configMap);
    }

    configMap(namespace: string, name: string): Promise<Record<string, string> | undefined> {
        return this.once(`ConfigMap ${namespace}/${name}`, async () => {
            const { cluster } = this;
            const map = await cluster.find(
                cluster.core.readNamespacedConfigMap({ name, namespace }),
            );
            return map && (map.data ?? {});
        });
    }

    /** A Ready replica. @throws Error when there is none. */
    spireServer(): Promise<SpireServer> {
        return this.once("spireServer", async () => {
            const ref = this.serverRef();
            const server = await SpireServer.find(this.cluster, ref, 0);
            if (server) return server;
            throw new Error(`StatefulSet ${ref.namespace}/${ref.statefulSet} does not exist`);
        });
    }

    /** All entries on the server. @throws LeftOut when it does not say: that it does is a check of its own. */
    liveEntries(): Promise<Entry[]> {
        return this.once("entries", () => this.asked((server) => server.entries()));
    }

    /** All agents on record. @throws LeftOut as {@link liveEntries}. */
    agents(): Promise<AttestedAgent[]> {
        return this.once("agents", () => this.asked((server) => server.agents()));
    }

    /** PEM. @throws LeftOut as {@link liveEntries}. */
    bundle(): Promise<string> {
        return this.once("bundle", () => this.asked((server) => server.bundle()));
    }

    identities(): Promise<number[]> {
        return this.once("identities", () => ciliumIdentities(this.cluster));
    }

    /** What the server says. @throws LeftOut when it says nothing. */
    async asked<T>(question: (server: SpireServer) => Promise<T>): Promise<T> {
        this.serverRef();
        try {
            return await question(await this.spireServer());
        } catch (error) {
            throw new LeftOut(`the SPIRE server could not be asked: ${messageOf(error)}`, {
                cause: error,
            });
        }
    }

    /** By what nodes are expected to have entries. */
    async roster(): Promise<Awaited> {
        const live = await this.liveEntries();
        if (this.stack) {
            const { entries } = this.stack;
            return { ...entries, hasEntries: hasEntriesIn(entries.idPrefix, live) };
        }
        const parents = new Set(live.map(({ parentId }) => parentId.split("/").at(-1)));
        return {
            trustDomain: this.site.trustDomain,
            clusterName: await this.clusterName(),
            agentDaemonSet: this.agentsRef(),
            hasEntries: ({ uid }) => parents.has(uid),
        };
    }

    /** Nodes by whether an `up` gives them entries. */
    rollCall(): Promise<RollCall> {
        return this.once("roll", async () => {
            const seen = await agentNodes(this.cluster, this.agentsRef());
            return await rollCall(this.cluster, seen, await this.roster(), await this.agents());
        });
    }

    /** The name under which agents of these nodes have attested (k8s_psat). */
    async clusterName(): Promise<string> {
        if (this.stack) return this.stack.settings.clusterName;
        const uids = new Set((await this.cluster.nodeHeaders()).map(({ uid }) => uid));
        const { trustDomain } = this.site;
        for (const { spiffeId } of await this.agents()) {
            const [uid = "", name = ""] = spiffeId.split("/").reverse();
            if (uids.has(uid) && spiffeId === agentSpiffeId(trustDomain, name, uid)) return name;
        }
        throw new LeftOut(`no agent of a node of this cluster has attested as k8s_psat`);
    }

    private daemonSet(namespace: string, name: string): Promise<V1DaemonSet | undefined> {
        return this.once(`DaemonSet ${namespace}/${name}`, () =>
            this.cluster.find(this.cluster.apps.readNamespacedDaemonSet({ name, namespace })),
        );
    }

    private pods(namespace: string, labelSelector: string): Promise<V1Pod[]> {
        return this.once(`pods ${namespace} ${labelSelector}`, () =>
            this.cluster.list((page) =>
                this.cluster.core.listNamespacedPod({ namespace, labelSelector, ...page }),
            ),
        );
    }

    private once<T>(what: string, read: () => Promise<T>): Promise<T> {
        const known = this.read.get(what) as Promise<T> | undefined;
        if (known) return known;
        const reading = read();
        this.read.set(what, reading);
        return reading;
    }
}
