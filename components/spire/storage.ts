/** Whether volume claims can be served: one that nobody serves waits for ever, and so does its pod. */

/** A StorageClass or PersistentVolume, as the API has it. */
export interface StorageClass {
    metadata: { name: string; annotations?: Record<string, string> };
}
export interface PersistentVolume {
    spec: { storageClassName?: string };
    status?: { phase?: string };
}

const IS_DEFAULT = "storageclass.kubernetes.io/is-default-class";

/**
 * Why a new claim would find no volume, with the way out; undefined when there is a class for it, or a volume that someone
 * made by hand.
 *
 * @param key the setting that names the class.
 * @param wanted the class that the claim will name; none when undefined, which means the default class.
 */
export function storageProblem(
    key: string,
    wanted: string | undefined,
    classes: readonly StorageClass[],
    volumes: readonly PersistentVolume[],
): string | undefined {
    const defaultClass = classes.find((c) => c.metadata.annotations?.[IS_DEFAULT] === "true");
    const name = wanted ?? defaultClass?.metadata.name ?? "";
    const isFree = ({ spec, status }: PersistentVolume) =>
        status?.phase === "Available" && (spec.storageClassName ?? "") === name;
    if (classes.some((c) => c.metadata.name === name) || volumes.some(isFree)) return undefined;
    const problem =
        wanted === undefined
            ? `${key} is not set, and the cluster has no default StorageClass`
            : `${key} = "${wanted}": the cluster has neither that StorageClass nor a free PersistentVolume of it`;
    const names = classes.map((c) => c.metadata.name).join(", ");
    return `${problem}; ${names ? `set it to one of: ${names}.` : "it has none at all: install a provisioner, such as the cloud's CSI driver, first."}`;
}
