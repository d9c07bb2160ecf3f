/** Settings of spire-controller-manager. Defaults and meanings live here and nowhere else. */
import { gte, valid } from "semver";
import { z } from "zod";
import { duration, resources } from "../amounts";
import { imageRepository } from "../images";
import { objectName, version } from "../words";

/** The first release that leaves entries without its prefix alone (its CHANGELOG, #325). */
const OLDEST = "0.5.0";

export const controllerManagerSettings = z.strictObject({
    version: version
        .refine(
            // What is no version, another rule says.
            (text) => !valid(text) || gte(text, OLDEST),
            `would delete every entry that it did not write; use ${OLDEST} or newer`,
        )
        .default("0.6.3")
        .describe("Version of spire-controller-manager: the tag of its image."),
    image: imageRepository
        .optional()
        .describe(
            "Image repository; `ghcr.io/spiffe/spire-controller-manager`, or that path at `images.registry`, when absent.",
        ),
    className: objectName
        .default("cilium-spire")
        .describe(
            "`className` of the ClusterSPIFFEIDs that are this one's. Those with another, or none, it leaves alone.",
        ),
    gcInterval: duration
        .default("10s")
        .describe(
            "How often it compares the server's entries with the ClusterSPIFFEIDs when nothing changes.",
        ),
    resources: resources({
        requests: { cpu: "20m", memory: "64Mi" },
        limits: { memory: "256Mi" },
    }).describe("Resources of its container, beside the server's."),
});

export type ControllerManagerSettings = z.output<typeof controllerManagerSettings>;
