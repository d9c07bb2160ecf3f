/** The SPIFFE CSI driver: pods get the directory of the workload socket as a volume of their own, where `hostPath` is refused. */
import { posix } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { CsiDriverSettings } from "../../settings/spire/csiDriver";
import { imageAt, pullSecrets } from "../images";
import { CSI_DRIVER, CSI_DRIVER_NAME } from "../names";
import { revisionOf } from "../pod";
import type { Rolled } from "../rollout";
import type { AgentArgs } from "./args";
import { RESTRICTED_CONTAINER } from "./podParts";

const LABELS = { "app.kubernetes.io/name": CSI_DRIVER_NAME };
/** Where its containers have the driver's socket, the agent's, and the place where the kubelet looks for drivers. */
const [SOCKET_DIR, AGENT_DIR, REGISTRATION_DIR] = [
    "/spiffe-csi",
    "/spire-agent-socket",
    "/registration",
];
const SOCKET = `${SOCKET_DIR}/csi.sock`;

/**
 * A DaemonSet where the agents are, and the object by which the kubelets know the driver. Kubernetes' Pod Security lets pods of
 * every level use it; OpenShift goes by its label (CSIInlineVolumeSecurity), and would take one without for privileged.
 *
 * @param annotations of the DaemonSet.
 * @returns what is rolled out.
 */
export function installCsiDriver(
    args: AgentArgs,
    driver: CsiDriverSettings,
    annotations: Record<string, string>,
    parent: pulumi.Resource,
): { daemonSet: pulumi.Resource; rolled: Rolled } {
    const { namespace } = args.settings;
    const metadata = { name: CSI_DRIVER_NAME, namespace, labels: LABELS };
    const account = new k8s.core.v1.ServiceAccount(
        CSI_DRIVER_NAME,
        { metadata, automountServiceAccountToken: false },
        { parent },
    );
    const known = new k8s.storage.v1.CSIDriver(
        CSI_DRIVER,
        {
            metadata: {
                name: CSI_DRIVER,
                labels: { "security.kubernetes.io/csi-ephemeral-volume-profile": "restricted" },
            },
            spec: {
                attachRequired: false,
                // Volumes of pods alone, of which the driver is told; sockets have the rights that the agent gave them.
                podInfoOnMount: true,
                fsGroupPolicy: "None",
                volumeLifecycleModes: ["Ephemeral"],
            },
        },
        { parent },
    );
    const template = { metadata: { labels: LABELS }, spec: csiDriverPod(args, driver) };
    const daemonSet = new k8s.apps.v1.DaemonSet(
        CSI_DRIVER_NAME,
        {
            metadata: { ...metadata, annotations },
            spec: { selector: { matchLabels: LABELS }, template },
        },
        { parent, dependsOn: [account, known] },
    );
    const rolled = { namespace, daemonSet: CSI_DRIVER_NAME, revision: revisionOf(template) };
    return { daemonSet, rolled };
}

/**
 * The spec of its pods (example/config of spiffe-csi 0.2.9). The driver is privileged: it mounts into other pods, which takes
 * propagation in both directions. It is no longer needed once a pod runs.
 */
export function csiDriverPod({ settings, sockets, images }: AgentArgs, driver: CsiDriverSettings) {
    const at = (image: string) => imageAt(images.registry, image);
    const image = driver.image ?? at("ghcr.io/spiffe/spiffe-csi-driver");
    const registrar =
        driver.registrarImage ?? at("registry.k8s.io/sig-storage/csi-node-driver-registrar");
    const kubelet = driver.kubeletDirectory;
    const plugin = `${kubelet}/plugins/${CSI_DRIVER}`;
    const volume = (name: string, path: string, type: "Directory" | "DirectoryOrCreate") => ({
        name,
        hostPath: { path, type },
    });
    const common = { imagePullPolicy: "IfNotPresent", resources: driver.resources };
    const socket = { name: "driver-socket", mountPath: SOCKET_DIR };
    return {
        serviceAccountName: CSI_DRIVER_NAME,
        automountServiceAccountToken: false,
        imagePullSecrets: pullSecrets(images),
        priorityClassName: settings.priorityClass,
        nodeSelector: settings.nodeSelector,
        tolerations: settings.tolerations,
        ...(settings.affinity && { affinity: settings.affinity }),
        containers: [
            {
                ...{ ...common, name: CSI_DRIVER_NAME, image: `${image}:${driver.version}` },
                command: [
                    "/spiffe-csi-driver",
                    ...["-workload-api-socket-dir", AGENT_DIR],
                    ...["-plugin-name", CSI_DRIVER, "-csi-socket-path", SOCKET],
                ],
                env: [
                    {
                        name: "MY_NODE_NAME",
                        valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } },
                    },
                ],
                securityContext: { privileged: true, readOnlyRootFilesystem: true },
                volumeMounts: [
                    { name: "workload-socket", mountPath: AGENT_DIR, readOnly: true },
                    socket,
                    {
                        ...{ name: "pods", mountPath: `${kubelet}/pods` },
                        mountPropagation: "Bidirectional",
                    },
                ],
            },
            {
                ...{ ...common, name: "registrar" },
                image: `${registrar}:v${driver.registrarVersion}`,
                args: [
                    ...["-csi-address", SOCKET],
                    ...["-kubelet-registration-path", `${plugin}/csi.sock`],
                ],
                securityContext: {
                    ...RESTRICTED_CONTAINER,
                    seccompProfile: { type: "RuntimeDefault" },
                },
                volumeMounts: [socket, { name: "registration", mountPath: REGISTRATION_DIR }],
            },
        ],
        volumes: [
            volume("workload-socket", posix.dirname(sockets.workload), "DirectoryOrCreate"),
            volume("driver-socket", plugin, "DirectoryOrCreate"),
            volume("pods", `${kubelet}/pods`, "Directory"),
            volume("registration", `${kubelet}/plugins_registry`, "Directory"),
        ],
    };
}
