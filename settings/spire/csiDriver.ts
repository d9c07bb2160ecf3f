/** Settings of the SPIFFE CSI driver. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { resources } from "../amounts";
import { imageRepository } from "../images";
import { version } from "../words";

const SMALL = { requests: { cpu: "5m", memory: "16Mi" }, limits: { memory: "64Mi" } };

export const csiDriverSettings = z.strictObject({
    version: version.default("0.2.9").describe("Version of the driver: the tag of its image."),
    image: imageRepository
        .optional()
        .describe(
            "Image repository; `ghcr.io/spiffe/spiffe-csi-driver`, or that path at `images.registry`, when absent.",
        ),
    registrarVersion: version
        .default("2.16.0")
        .describe("Version of csi-node-driver-registrar, which tells the kubelet of the driver."),
    registrarImage: imageRepository
        .optional()
        .describe(
            "Image repository; `registry.k8s.io/sig-storage/csi-node-driver-registrar`, or that path at `images.registry`, when absent. The tag is the version with a `v` before it.",
        ),
    kubeletDirectory: z
        .string()
        .regex(
            /^(\/[A-Za-z0-9._-]+)+$/,
            'must be an absolute path of letters, digits, ".", "-" and "_", such as /var/lib/kubelet',
        )
        .refine((path) => !/\/\.\.?(\/|$)/.test(path), 'must not have "." or ".." in it')
        .default("/var/lib/kubelet")
        .describe("The kubelets' directory, which some distributions have elsewhere."),
    resources: resources(SMALL).describe("Resources of each of its two containers."),
});

export type CsiDriverSettings = z.output<typeof csiDriverSettings>;
