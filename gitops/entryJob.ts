/** Jobs that write registration entries with the SPIRE server's own command line, in the server's pod. */
import { createHash } from "node:crypto";
import { type Entries, type Entry, SERVER_PROGRAM } from "@cilium-spire/entries-provider";
import { imageAt, pullSecrets } from "../components/images";
import { SERVER_NAME } from "../components/names";
import type { ImageSettings } from "../settings/images";
import type { ServerSettings } from "../settings/spire";
import { ENTRIES_NAME, SERVER_POD } from "./entryRights";
import type { Manifest } from "./manifest";

/** Kubernetes' own image of kubectl, which has nothing else: no shell (build/server-image/kubectl/Dockerfile). */
export const KUBECTL_IMAGE = "registry.k8s.io/kubectl:v1.34.2";
const KUBECTL = "/bin/kubectl";

/** Until then a Job has written its entries, or has failed: within the five minutes that Flux waits for it. */
const DEADLINE_S = 240;
const RETRIES = 3;
/** Anyone but root. */
const USER = 65532;
/** Of an object's name, a Job's being its pods' too (5 characters and a dash more). */
const LONGEST_NAME = 57;

export interface JobArgs {
    images: ImageSettings;
    server: ServerSettings;
}

/**
 * A Job that creates the entries that are not there and updates those that are, each in full.
 *
 * SPIRE's command line ends with 1 for an entry that is there already, like for one that it refuses; with JSON as output it
 * always ends with 0. So first all are created with JSON, and then updated without: an update ends with 0 only when
 * the entry is there, as it should be.
 *
 * @param set becomes part of the Job's name, with a hash of what it does: a Job cannot be changed, so another one does other
 * things.
 * @param entries by `<place>/<role>`.
 */
export function entryJob(set: string, entries: Entries, args: JobArgs): Manifest {
    const steps = Object.entries(entries).map(([key, entry]) => {
        const role = set === "cilium" ? `-${key.split("/")[1]!}` : "";
        return { role, flags: flagsOf(entry) };
    });
    return job(
        set,
        steps.map(({ role, flags }) =>
            container(`create${role}`, ["create", "-output", "json", ...flags]),
        ),
        steps.map(({ role, flags }) => container(`update${role}`, ["update", ...flags])),
        args,
    );
}

/** A Job that deletes entries; one that is not there is as good as deleted. */
export function removalJob(ids: readonly string[], args: JobArgs): Manifest {
    const containers = ids.map((id, i) =>
        container(`delete-${i}`, ["delete", "-output", "json", "-entryID", id]),
    );
    return job("removed", [], containers, args);
}

interface Container {
    name: string;
    command: string[];
}

function container(name: string, entryCommand: string[]): Container {
    const command = [SERVER_PROGRAM, "entry", ...entryCommand];
    const exec = ["exec", SERVER_POD, `--container=${SERVER_NAME}`];
    return { name, command: [KUBECTL, ...exec, "--", ...command].map(literal) };
}

/** Kubernetes reads `$(NAME)` in a command as a variable, and two dollars as one. */
function literal(word: string): string {
    return word.replaceAll("$", "$$$$");
}

/** The entry in full, as flags of `entry create` and `entry update` (cmd/spire-server/cli/entry, 1.9 to 1.15). */
function flagsOf(entry: Entry): string[] {
    const each = (flag: string, values: readonly string[] = []) =>
        values.flatMap((value) => [`-${flag}`, value]);
    return [
        ...["-entryID", entry.id, "-spiffeID", entry.spiffeId, "-parentID", entry.parentId],
        ...each("selector", entry.selectors),
        ...(entry.admin ? ["-admin"] : []),
        ...(entry.downstream ? ["-downstream"] : []),
        ...each("x509SVIDTTL", entry.x509SvidTtl === undefined ? [] : [String(entry.x509SvidTtl)]),
        ...each("jwtSVIDTTL", entry.jwtSvidTtl === undefined ? [] : [String(entry.jwtSvidTtl)]),
        ...each("dns", entry.dnsNames),
        ...each("federatesWith", entry.federatesWith),
        ...each("hint", entry.hint === undefined ? [] : [entry.hint]),
    ];
}

function job(
    set: string,
    initContainers: Container[],
    containers: Container[],
    { images, server }: JobArgs,
): Manifest {
    const full = (all: Container[]) => all.map((one) => ({ ...one, ...confined(images) }));
    const labels = { "app.kubernetes.io/name": ENTRIES_NAME };
    const secrets = pullSecrets(images);
    const spec = {
        activeDeadlineSeconds: DEADLINE_S,
        backoffLimit: RETRIES,
        template: {
            metadata: { labels },
            spec: {
                serviceAccountName: ENTRIES_NAME,
                automountServiceAccountToken: true,
                // The pod of an attempt stays, with what SPIRE said.
                restartPolicy: "Never",
                ...(secrets.length > 0 && { imagePullSecrets: secrets }),
                ...(Object.keys(server.nodeSelector).length > 0 && {
                    nodeSelector: server.nodeSelector,
                }),
                ...(server.tolerations.length > 0 && { tolerations: server.tolerations }),
                securityContext: {
                    runAsNonRoot: true,
                    runAsUser: USER,
                    runAsGroup: USER,
                    seccompProfile: { type: "RuntimeDefault" },
                },
                ...(initContainers.length > 0 && { initContainers: full(initContainers) }),
                containers: full(containers),
            },
        },
    };
    const metadata = { name: jobName(set, spec), namespace: server.namespace, labels };
    return { apiVersion: "batch/v1", kind: "Job", metadata, spec };
}

function confined({ registry }: ImageSettings): object {
    return {
        image: imageAt(registry, KUBECTL_IMAGE),
        imagePullPolicy: "IfNotPresent",
        resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "256Mi" } },
        securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        },
    };
}

/** Of a set and of what is done, as Kubernetes takes it: a key of the settings may have capitals and underscores. */
function jobName(set: string, spec: object): string {
    const hash = createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 8);
    const prefix = `${ENTRIES_NAME}-${set.toLowerCase().replaceAll("_", "-")}`;
    const room = LONGEST_NAME - hash.length - 1;
    return `${prefix.slice(0, room).replace(/-+$/, "")}-${hash}`;
}
