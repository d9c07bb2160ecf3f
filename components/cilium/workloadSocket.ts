/** Mounting the workload socket's directory into the cilium-agent container of Cilium's DaemonSet. */
import { posix } from "node:path";
import { CILIUM } from "../names";

/** The parts of a DaemonSet that the transformation reads and writes. */
export interface DaemonSetProps {
    spec?: {
        template?: {
            spec?: {
                volumes?: Volume[];
                containers?: Container[];
            };
        };
    };
}

export interface Volume {
    name: string;
    hostPath?: { path: string; type?: string };
}

export interface Container {
    name: string;
    volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

const VOLUME = "spire-workload-socket";
const CONTAINER = CILIUM.agentContainer;

/**
 * Returns a copy of the DaemonSet with the directory of the workload socket mounted read-only. Idempotent: a DaemonSet
 * that already mounts the directory from the host comes back unchanged.
 *
 * @throws Error when there is no container `cilium-agent`, something else is mounted at the directory, or a volume of
 * the same name is something else.
 */
export function addWorkloadSocket<T extends DaemonSetProps>(daemonSet: T, socket: string): T {
    const directory = posix.dirname(socket);
    const pod = daemonSet.spec?.template?.spec;
    const container = pod?.containers?.find((c) => c.name === CONTAINER);
    if (!pod || !container) {
        throw new Error(
            `the DaemonSet of the Cilium chart has no container "${CONTAINER}" to mount ${directory} into; set cilium.workloadSocketInAgent to false or use a supported chart`,
        );
    }
    const volumes = pod.volumes ?? [];
    const taken = container.volumeMounts?.find((mount) => mount.mountPath === directory);
    if (taken) {
        const volume = volumes.find((v) => v.name === taken.name);
        if (volume?.hostPath?.path === directory) return daemonSet;
        throw new Error(
            `container "${CONTAINER}" already mounts volume "${taken.name}" at ${directory}, which is not that directory of the host; choose another spire.sockets.workload`,
        );
    }
    const namesake = volumes.find((v) => v.name === VOLUME);
    if (namesake && namesake.hostPath?.path !== directory) {
        throw new Error(
            `the DaemonSet of the Cilium chart already has a volume "${VOLUME}" that is not ${directory} of the host; rename it in cilium.values`,
        );
    }
    const volume = { name: VOLUME, hostPath: { path: directory, type: "DirectoryOrCreate" } };
    const mount = { name: VOLUME, mountPath: directory, readOnly: true };
    const containers = pod.containers!.map((c) =>
        c === container ? { ...c, volumeMounts: [...(c.volumeMounts ?? []), mount] } : c,
    );
    const template = {
        ...daemonSet.spec!.template,
        spec: { ...pod, containers, volumes: namesake ? volumes : [...volumes, volume] },
    };
    return { ...daemonSet, spec: { ...daemonSet.spec, template } };
}
