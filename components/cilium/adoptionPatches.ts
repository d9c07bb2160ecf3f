/** What an adopted Cilium lacks, as plain data. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { CILIUM } from "../names";
import type { AdoptionArgs } from "./args";
import { meshAuthConfig } from "./meshAuthConfig";
import { addWorkloadSocket, type Container, type Volume } from "./workloadSocket";

/** A patch and the hash of its content. */
export interface AdoptionPatch<T> {
    content: T;
    hash: string;
}

/** Part of the spec of a DaemonSet or a Deployment. Lists are merged by name, mounts by path (server-side apply). */
export interface WorkloadSpec {
    template: {
        metadata: { annotations: Record<string, string> };
        spec: { volumes: Volume[]; containers: Container[] };
    };
}

/** The patches of agents, operator and their ConfigMap. */
export interface AdoptionPatches {
    configMap: AdoptionPatch<Record<string, string>>;
    daemonSet: AdoptionPatch<WorkloadSpec>;
    deployment: AdoptionPatch<WorkloadSpec>;
}

/** The chart's name of both volumes: should the chart add them later, it finds them there. */
const SOCKET_VOLUME = "spire-agent-socket";
/** Field managers of the patches begin with it. */
const MANAGER = "cilium-spire-";
const CHECKSUM = "cilium-spire.io/config-checksum";

/** What the chart would have made of our values (compared with its rendering in test/unit/components/cilium/charts.test.ts). */
export function adoptionPatches(args: AdoptionArgs): AdoptionPatches {
    const { sockets, settings } = args;
    const configMap = patch(meshAuthConfig(args));
    const annotations = { [CHECKSUM]: configMap.hash };
    const agent = {
        spec: withSocket(CILIUM.agentContainer, sockets.admin, annotations),
    };
    return {
        configMap,
        daemonSet: patch(
            (settings.workloadSocketInAgent ? addWorkloadSocket(agent, sockets.workload) : agent)
                .spec,
        ),
        deployment: patch(
            withSocket(CILIUM.operatorContainer, sockets.workload, annotations, true),
        ),
    };
}

/** Of an object that is patched: what tells whose its socket's directory is. */
export interface Patched {
    metadata?: { managedFields?: { manager?: string; fieldsV1?: object }[] };
    spec?: { template: { spec?: { volumes?: Volume[] } } };
}

/**
 * The directory that others have as that of the socket, when it is not the one of ours. A patch would take it from them; then
 * nobody had it, and the API server lets no patch go that alone has what a volume needs.
 */
export function foreignSocketDirectory(
    { metadata, spec }: Patched,
    socket: string,
): string | undefined {
    const volume = spec?.template.spec?.volumes?.find(({ name }) => name === SOCKET_VOLUME);
    const path = volume?.hostPath?.path;
    if (path === undefined || path === posix.dirname(socket)) return undefined;
    const theirs = metadata?.managedFields?.some(
        ({ manager, fieldsV1 }) =>
            manager?.startsWith(MANAGER) !== true && ownsField(fieldsV1, SOCKET_PATH),
    );
    return theirs === true ? path : undefined;
}

/** As managedFields have it. */
const SOCKET_PATH = [
    ...["f:spec", "f:template", "f:spec", "f:volumes"],
    ...[`k:{"name":"${SOCKET_VOLUME}"}`, "f:hostPath", "f:path"],
];

function ownsField(fields: unknown, [first, ...rest]: string[]): boolean {
    if (first === undefined) return fields !== undefined;
    return ownsField((fields as Record<string, unknown> | undefined)?.[first], rest);
}

/** Of a patch with this hash. */
export function fieldManager(hash: string): string {
    return `${MANAGER}${hash}`;
}

function withSocket(
    container: string,
    socket: string,
    annotations: Record<string, string>,
    readOnly?: true,
): WorkloadSpec {
    const path = posix.dirname(socket);
    const mount = { name: SOCKET_VOLUME, mountPath: path, ...(readOnly && { readOnly }) };
    const volume = { name: SOCKET_VOLUME, hostPath: { path, type: "DirectoryOrCreate" } };
    return {
        template: {
            // A changed ConfigMap restarts nothing; a changed pod template does.
            metadata: { annotations },
            spec: { volumes: [volume], containers: [{ name: container, volumeMounts: [mount] }] },
        },
    };
}

function patch<T>(content: T): AdoptionPatch<T> {
    const hash = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 8);
    return { content, hash };
}
