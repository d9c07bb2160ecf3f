/** Faults of what joins Cilium and SPIRE. */
import type { Entry } from "@cilium-spire/entries-provider";
import { kubectl as kubectlOf } from "../../../sandbox/controlPlane/kubectl";
import { kubectl, ourEntries, sandbox, spireServer, type World } from "../../support/world";
import type { LiveFault } from "./fault";

const WORKER = "precinct-99-worker2";

export function withoutDelegate(world: World): LiveFault {
    return withoutEntries(world, {
        what: "Cilium's agents have no entry, and one of them is restarted",
        alerts: ["SPIREDelegateRefused", "SPIREDelegateMissing"],
        these: ({ spiffeId }) => spiffeId.endsWith("/cilium-agent"),
        then: () =>
            kubectl(
                `-n kube-system delete pod -l k8s-app=cilium --field-selector spec.nodeName=${WORKER}`,
            ),
    });
}

export function withoutLink(world: World): LiveFault {
    const agent = world.outputs.agents![WORKER];
    return withoutEntries(world, {
        what: "a node's agent has no link to the entries",
        alerts: ["SPIRENodeWithoutEntries"],
        these: ({ parentId }) => parentId === agent,
    });
}

/** As the old guides have it: the operator gets an identity that may nothing. */
export function operatorWithoutAdmin(world: World): LiveFault {
    const ofOperator = async (change: (entry: Entry) => Entry) => {
        const server = await spireServer(world);
        const entries = (await ourEntries(world)).filter(({ spiffeId }) =>
            spiffeId.endsWith("/cilium-operator"),
        );
        await server.update(entries.map(change));
        await kubectl("-n kube-system delete pod -l io.cilium/app=operator");
    };
    return {
        what: "cilium-operator is no admin",
        alerts: ["SPIREOperatorRefused"],
        make: () => ofOperator((entry) => withoutAdmin(entry)),
        cure: () => ofOperator((entry) => ({ ...entry, admin: true })),
    };
}

export function staleEntries(world: World): LiveFault {
    const ids = Array.from({ length: 300 }, (_, i) => `stale-${i}`);
    return {
        what: "300 entries of identities that do not exist",
        alerts: ["SPIREStaleEntries"],
        make: async () => {
            const { trustDomain } = world.outputs;
            const [delegate] = (await ourEntries(world)).filter(({ spiffeId }) =>
                spiffeId.endsWith("/cilium-agent"),
            );
            const entries = ids.map((id, i) => ({
                id,
                spiffeId: `spiffe://${trustDomain}/identity/${900_000 + i}`,
                parentId: delegate!.parentId,
                selectors: ["cilium:mutual-auth"],
            }));
            await (await spireServer(world)).create(entries);
        },
        cure: async () => (await spireServer(world)).delete(ids),
    };
}

/** Pods that go on trying what fails: Cilium has an authentication for tests that always does. */
export function trafficWithoutAuthentication(): LiveFault {
    const namespace = "unauthenticated";
    const labels = { app: "server" };
    const knock = "while :; do busybox nc -w 1 $SERVER 8080 < /dev/null; done";
    const pod = (name: string, containers: object[]) => ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace, name, labels: { app: name } },
        spec: {
            containers: containers.map((container, i) => ({
                name: `${name}-${i}`,
                image: "docker.io/library/busybox:1.35",
                ...container,
            })),
            terminationGracePeriodSeconds: 0,
        },
    });
    const policy = {
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { namespace, name: "never" },
        spec: {
            endpointSelector: { matchLabels: labels },
            ingress: [{ fromEndpoints: [{}], authentication: { mode: "test-always-fail" } }],
        },
    };
    const create = (object: object) =>
        kubectlOf(sandbox, ["create", "-f", "-"], { input: JSON.stringify(object) });
    return {
        what: "pods go on trying what is never authenticated",
        alerts: ["CiliumAuthenticationFailing"],
        make: async () => {
            await kubectl(`create namespace ${namespace}`);
            await create(policy);
            await create(pod(labels.app, [{ command: ["sleep", "3600"] }]));
            const ready = "wait --for=condition=Ready --timeout=120s pod";
            await kubectl(`-n ${namespace} ${ready}/${labels.app}`);
            const ip = "jsonpath={.status.podIP}";
            const value = await kubectl(`-n ${namespace} get pod ${labels.app} -o ${ip}`);
            const client = { command: ["sh", "-c", knock], env: [{ name: "SERVER", value }] };
            await create(pod("client", Array<object>(4).fill(client)));
        },
        cure: () => kubectl(`delete namespace ${namespace}`),
    };
}

function withoutEntries(
    world: World,
    {
        these,
        then,
        ...fault
    }: Pick<LiveFault, "what" | "alerts"> & {
        these: (entry: Entry) => boolean;
        then?: () => Promise<unknown>;
    },
): LiveFault {
    let taken: Entry[] = [];
    return {
        ...fault,
        make: async () => {
            taken = (await ourEntries(world)).filter(these);
            await (await spireServer(world)).delete(taken.map(({ id }) => id));
            await then?.();
        },
        cure: async () => (await spireServer(world)).create(taken),
    };
}

function withoutAdmin(entry: Entry): Entry {
    const plain = { ...entry };
    delete plain.admin;
    return plain;
}
