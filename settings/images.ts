/** Settings of where images come from. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { existingName, group } from "./words";

/**
 * A host, with a port if need be, and the first part of a path (distribution's reference grammar). Without a dot or a
 * port, container runtimes would take the host for a path on docker.io.
 */
const registry = z
    .string()
    .max(200)
    .regex(
        /^(localhost|(?=[^/]*[.:])[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:\d+)?(\/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*$/,
        "must be a registry such as registry.example.org or registry.example.org:5000/mirror, without https:// and without a slash at the end",
    );

export const imageSettings = group({
    registry: registry
        .optional()
        .describe(
            "Where all images come from instead of their own registries: `quay.io/cilium/cilium` becomes `<registry>/cilium/cilium`, " +
                "`ghcr.io/spiffe/spire-server` becomes `<registry>/spiffe/spire-server`; tags and digests stay. " +
                "Images that the configuration names are taken as written. With `cilium.mode: adopt`, only SPIRE's.",
        ),
    pullSecrets: z
        .array(existingName)
        .refine((names) => new Set(names).size === names.length, "names a Secret twice; remove one")
        .default([])
        .describe(
            "Secrets of type `kubernetes.io/dockerconfigjson` with which nodes pull images, of Cilium and of SPIRE. " +
                "They must exist in `cilium.namespace`, `spire.server.namespace` and `spire.agent.namespace`.",
        ),
});

export type ImageSettings = z.output<typeof imageSettings>;
