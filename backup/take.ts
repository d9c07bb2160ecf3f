/** Reading what a backup keeps. Nothing is changed. */
import { type Cluster, SpireServer, type SpireServerRef } from "@cilium-spire/entries-provider";
import { SERVER_NAME } from "../components/names";
import type { Backup } from "./document";
import { federatedBundles, ownBundle, relationships } from "./federation";

const READY_MS = 30_000;

/** Which SPIRE. */
export interface Source {
    cluster: Cluster;
    trustDomain: string;
    spireServer: SpireServerRef;
    /** Where a stack was named: its settings' name of the cluster. */
    clusterName?: string | undefined;
    /** Someone else runs it, whose configuration may hold a password and is not kept. */
    foreign?: boolean;
}

/**
 * A Ready replica of the server of a trust domain, and that domain's bundle.
 *
 * @throws Error when there is no such server, none is Ready within 30 s, or it serves another trust domain.
 */
export async function serverOf({ cluster, trustDomain, spireServer }: Source) {
    const { namespace, statefulSet } = spireServer;
    const server = await SpireServer.find(cluster, spireServer, READY_MS);
    if (!server) {
        throw new Error(
            `the cluster ${cluster.url} has no SPIRE server: no StatefulSet ${namespace}/${statefulSet}`,
        );
    }
    const own = await ownBundle(server);
    if (own.trustDomain !== trustDomain) {
        throw new Error(
            `the SPIRE server ${namespace}/${statefulSet} serves the trust domain ${own.trustDomain}, and the configuration says ${trustDomain}`,
        );
    }
    return { server, bundle: own.bundle };
}

/**
 * Reads all that a backup keeps. The parts are read one after another: what changes meanwhile may be in one of them and
 * not in another.
 *
 * @param say told what is being read.
 */
export async function takeBackup(source: Source, say: (what: string) => void): Promise<Backup> {
    const { cluster, trustDomain, clusterName, foreign } = source;
    say("reading the trust bundle");
    const { server, bundle } = await serverOf(source);
    const spireVersion = await server.version();
    // Entries before bundles: those that they need are there.
    say("reading the registration entries");
    const entries = await server.entries();
    say("reading what it knows of other trust domains");
    const federation = await relationships(server);
    const bundles = await federatedBundles(server);
    say("reading the agents");
    const agents = await server.agents();
    const known = clusterName !== undefined && !foreign;
    const serverConf = known ? await configurationOf(source) : undefined;
    return {
        takenAt: new Date().toISOString(),
        trustDomain,
        cluster: {
            apiServer: cluster.url,
            ...(clusterName !== undefined && { name: clusterName }),
        },
        spireVersion,
        bundle,
        federatedBundles: bundles,
        federation,
        entries: entries.sort((a, b) => (a.id < b.id ? -1 : 1)),
        agents: agents
            .map(({ spiffeId, banned, expiresAt }) => ({ spiffeId, banned, expiresAt }))
            .sort((a, b) => (a.spiffeId < b.spiffeId ? -1 : 1)),
        ...(serverConf !== undefined && { serverConf }),
    };
}

/** server.conf of the ConfigMap that the program makes. Those of others may hold the password of a database. */
export async function configurationOf({
    cluster,
    spireServer,
}: Source): Promise<string | undefined> {
    const { namespace } = spireServer;
    const configMap = await cluster.find(
        cluster.core.readNamespacedConfigMap({ name: SERVER_NAME, namespace }),
    );
    return configMap?.data?.["server.conf"];
}
