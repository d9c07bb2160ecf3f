/** Where in a cluster SPIRE seems to be, for people whose configuration names another place. */
import { type Cluster, messageOf } from "@cilium-spire/entries-provider";

interface Workload {
    metadata?: { name?: string; namespace?: string };
    spec?: {
        template: { spec?: { containers: { name: string; image?: string }[] } };
    };
}

/** What to do about a part that is not where it should be, with where it is as far as can be seen. */
export async function elsewhere(cluster: Cluster, part: "server" | "agent"): Promise<string> {
    const key = part === "server" ? "statefulSet" : "daemonSet";
    const kind = part === "server" ? "StatefulSet" : "DaemonSet";
    let all: Workload[];
    let deployments: Workload[];
    try {
        [all, deployments] =
            part === "server"
                ? await Promise.all([
                      cluster.list((page) => cluster.apps.listStatefulSetForAllNamespaces(page)),
                      cluster.list((page) => cluster.apps.listDeploymentForAllNamespaces(page)),
                  ])
                : [
                      await cluster.list((page) =>
                          cluster.apps.listDaemonSetForAllNamespaces(page),
                      ),
                      [],
                  ];
    } catch (error) {
        return `set spire.${part}.namespace and spire.${part}.${key} to where it is (${messageOf(error)})`;
    }
    const found = all.filter((workload) => runs(workload, part)).map(placeOf);
    if (found.length > 0) {
        const places = found.map(({ namespace, name }) => `${namespace}/${name}`).join(" and ");
        return `one that looks like it is ${kind} ${places}: set spire.${part}.namespace and spire.${part}.${key} to that`;
    }
    const deployed = deployments.filter((workload) => runs(workload, part)).map(placeOf);
    if (deployed.length > 0) {
        const [{ namespace, name }] = deployed as [(typeof deployed)[0]];
        return `Deployment ${namespace}/${name} looks like a SPIRE server, which must be a StatefulSet; with helm-charts-hardened: spire-server.kind: statefulset`;
    }
    return `no ${kind} of the cluster looks like a SPIRE ${part}; set spire.mode to "install", or have SPIRE installed first`;
}

function runs({ spec }: Workload, part: string): boolean {
    const containers = spec?.template.spec?.containers ?? [];
    return containers.some(
        ({ name, image = "" }) =>
            name === `spire-${part}` || new RegExp(`(^|/)spire-${part}[:@]`).test(image),
    );
}

function placeOf({ metadata }: Workload): { namespace: string; name: string } {
    return { namespace: metadata!.namespace!, name: metadata!.name! };
}
