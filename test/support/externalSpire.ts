/** SPIREs that someone else made: objects as others write them, and a look at whether they are still so. */
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import { kubectl, sandbox } from "./world";

export interface ExternalSpire {
    /** `spire` of a stack that uses it. */
    settings: object;
    namespaces: { server: string; agent: string };
    objects: object[];
}

/**
 * Makes it, and waits until server and agents are Ready. The agents come last: those that find neither server nor bundle when
 * they start try again after up to two minutes.
 */
export async function install({ objects, namespaces }: ExternalSpire): Promise<void> {
    const { server, agent } = namespaces;
    await apply((objects as Seen[]).filter(({ kind }) => kind !== "DaemonSet"));
    await kubectl(`-n ${server} rollout status statefulset/spire-server --timeout=240s`);
    await apply(objects);
    await kubectl(`-n ${agent} rollout status daemonset/spire-agent --timeout=240s`);
}

export async function apply(objects: object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await kubectlOf(sandbox, ["apply", "-f", "-"], { input, timeoutMs: 60_000 });
}

export async function remove({ objects }: ExternalSpire): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    const words = ["delete", "--ignore-not-found", "--wait", "-f", "-"];
    await kubectlOf(sandbox, words, { input, timeoutMs: 240_000 });
}

interface Seen {
    kind: string;
    metadata: {
        name: string;
        namespace?: string;
        uid: string;
        generation?: number;
        labels?: object;
        annotations?: object;
    };
    spec?: object;
    data?: object;
    rules?: object;
}

/** All that a stack could change of it: what its objects say, and that they are the same ones. */
export async function contentOf({ namespaces, objects }: ExternalSpire): Promise<Seen[]> {
    const kinds = "statefulsets,daemonsets,services,configmaps,serviceaccounts,roles,rolebindings";
    const all = [...new Set(Object.values(namespaces))].map(async (namespace) => {
        const inside = await kubectl(`-n ${namespace} get ${kinds} -o json`);
        const itself = await kubectl(`get namespace ${namespace} -o json`);
        return [...(JSON.parse(inside) as { items: Seen[] }).items, JSON.parse(itself) as Seen];
    });
    const roles = (objects as Seen[]).filter((object) => object.kind === "ClusterRole");
    const wide = roles.map(async ({ metadata }) => {
        return JSON.parse(await kubectl(`get clusterrole ${metadata.name} -o json`)) as Seen;
    });
    const seen = [...(await Promise.all(all)).flat(), ...(await Promise.all(wide))];
    return seen
        .map(({ kind, metadata, spec, data, rules }) => {
            const { name, namespace, uid, generation, labels, annotations } = metadata;
            return {
                kind,
                metadata: { name, namespace, uid, generation, labels, annotations },
                // What the server publishes is its own to change.
                ...(name !== "spire-bundle" && { spec, data, rules }),
            };
        })
        .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function key({ kind, metadata: { namespace, name } }: Seen): string {
    return [kind, namespace, name].join("/");
}
