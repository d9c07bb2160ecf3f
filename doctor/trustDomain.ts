/**
 * Another trust domain on a stack that lives: every identity is replaced, so it takes a word. And an empty database: on one
 * of another trust domain SPIRE's server never becomes ready, because it goes on with CAs of which the new bundle does not
 * know (pkg/server/ca/manager/slot.go, filterInvalidEntries; seen with 1.15.3).
 */
import { isDeepStrictEqual } from "node:util";
import type { Cluster } from "@cilium-spire/entries-provider";
import { SERVER_NAME } from "../components/names";
import { datastorePlugin } from "../components/spire/datastore";
import { SERVER_DATA_DIR } from "../components/spire/serverConf";
import { serverClaimNames } from "../components/spire/serverPod";
import type { InstallStack } from "../settings/schema";

/** What a server's configuration says that must not go to another trust domain. */
interface Served {
    trustDomain: string;
    datastore: unknown;
}

/**
 * @throws Error by key, with what it costs, when the SPIRE server serves another trust domain than the wanted one and
 * `replaceTrustDomain` does not name it; and, when it does, as long as the server would find that one's database.
 */
export async function requireTrustDomain(
    cluster: Cluster,
    {
        trustDomain,
        replaceTrustDomain,
        spire,
    }: Pick<InstallStack, "trustDomain" | "replaceTrustDomain" | "spire">,
): Promise<void> {
    const { namespace } = spire.server;
    const configMap = await cluster.find(
        cluster.core.readNamespacedConfigMap({ name: SERVER_NAME, namespace }),
    );
    const served = servedBy(configMap?.data?.["server.conf"]);
    if (!served || served.trustDomain === trustDomain) return;
    const old = served.trustDomain;
    const at = `trustDomain = "${trustDomain}": the SPIRE server in namespace ${namespace} serves "${old}", and nothing was changed. `;
    if (old !== replaceTrustDomain) {
        throw new Error(
            `${at}Every identity, registration entry and agent would be replaced, on a new database: pods whose policies require authentication are blocked meanwhile, ` +
                `and all that names spiffe://${old}/..., or trusts its bundle (federation, workloads, other stacks), has to be changed by hand. ` +
                `Set the key back, or, if it is meant, set replaceTrustDomain to "${old}".`,
        );
    }
    const remedy = await oldDatabase(cluster, spire.server, served);
    if (remedy === undefined) return;
    throw new Error(`${at}No server starts on the database of another trust domain: ${remedy}.`);
}

/** How to get rid of the database that the server would find; undefined when it would find a new one. */
async function oldDatabase(
    cluster: Cluster,
    server: InstallStack["spire"]["server"],
    { datastore }: Served,
): Promise<string | undefined> {
    const wanted: unknown = JSON.parse(
        JSON.stringify(datastorePlugin(server.datastore, SERVER_DATA_DIR)),
    );
    if (!isDeepStrictEqual(datastore, wanted)) return undefined;
    if (server.datastore.type === "postgres") {
        return "name an empty one with spire.server.datastore.database";
    }
    const { namespace } = server;
    const claims = await cluster.list(
        (page) => cluster.core.listNamespacedPersistentVolumeClaim({ namespace, ...page }),
        (claim) => claim.metadata?.name,
    );
    const left = serverClaimNames(server).filter((name) => claims.includes(name));
    if (left.length === 0) return undefined;
    return `delete it, with "kubectl -n ${namespace} delete statefulset ${SERVER_NAME}" and "kubectl -n ${namespace} delete pvc ${left.join(" ")}", and repeat this with "pulumi up --refresh"`;
}

/** Undefined when there is no server, or what somebody else has written there is no configuration: the `up` mends it. */
function servedBy(conf: string | undefined): Served | undefined {
    try {
        const { server, plugins } = JSON.parse(conf ?? "{}") as {
            server?: { trust_domain?: string };
            plugins?: { DataStore?: unknown };
        };
        const trustDomain = server?.trust_domain;
        return trustDomain === undefined
            ? undefined
            : { trustDomain, datastore: plugins?.DataStore };
    } catch {
        return undefined;
    }
}
