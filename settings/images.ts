/** Settings of where images come from. Defaults and meanings live here and nowhere else. */
import { z } from "zod";
import { distinct, existingName, group, port } from "./words";

/** A part of a path, and a host without a port (distribution's reference grammar). */
const PART = "[a-z0-9]+((\\.|__?|-+)[a-z0-9]+)*";
const HOST = "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?";

/** Whether the port, if there is one, is possible: the grammar takes any number. */
function hasPossiblePort(name: string): boolean {
    const [, number] = /^[^/]*:(\d+)(\/|$)/.exec(name) ?? [];
    return number === undefined || port.safeParse(Number(number)).success;
}

/** An image's name. The version is its tag, so one that has a tag or digest already would name no image. */
export const imageRepository = z
    .string()
    .max(255)
    .refine(
        (name) => !/@|:[^/]*$/.test(name),
        "must not have a tag or digest: the version is the tag; remove it",
    )
    .regex(
        new RegExp(`^(${HOST}(:\\d{1,5})?/)?${PART}(/${PART})*$`),
        "must be an image repository such as registry.example.org/mirror/spire-server, without https://",
    )
    .refine(hasPossiblePort, "must have a port from 1 to 65535");

/** A name with its version, as a pod has it. `latest` would be another image one day, without a change here. */
export const imageReference = z
    .string()
    .max(512)
    .regex(
        new RegExp(
            `^(${HOST}(:\\d{1,5})?/)?${PART}(/${PART})*(:(?!latest$)\\w[\\w.-]{0,127}|(:\\w[\\w.-]{0,127})?@sha256:[0-9a-f]{64})$`,
        ),
        "must be an image with its tag or digest, such as registry.example.org/tools:1.0; latest is no version",
    )
    // What is before the first slash: elsewhere a number is a tag.
    .refine(
        (name) => hasPossiblePort(name.slice(0, name.indexOf("/") + 1)),
        "must have a port from 1 to 65535",
    );

/**
 * A host, with a port if need be, and the first part of a path. Without a dot or a
 * port, container runtimes would take the host for a path on docker.io.
 */
const registry = z
    .string()
    .max(200)
    .regex(
        new RegExp(`^(localhost|(?=[^/]*[.:])${HOST})(:\\d+)?(/${PART})*$`),
        "must be a registry such as registry.example.org or registry.example.org:5000/mirror, without https:// and without a slash at the end",
    )
    .refine(hasPossiblePort, "must have a port from 1 to 65535");

export const imageSettings = group({
    registry: registry
        .optional()
        .describe(
            "Where all images come from instead of their own registries: `quay.io/cilium/cilium` becomes `<registry>/cilium/cilium`, " +
                "`ghcr.io/spiffe/spire-server` becomes `<registry>/spiffe/spire-server`; tags and digests stay. " +
                "Images that the configuration names are taken as written. With `cilium.mode: adopt`, only SPIRE's.",
        ),
    pullSecrets: distinct(existingName, "a Secret")
        .default([])
        .describe(
            "Secrets of type `kubernetes.io/dockerconfigjson` with which nodes pull images, of Cilium and of SPIRE. " +
                "They must exist in `cilium.namespace`, `spire.server.namespace` and `spire.agent.namespace`.",
        ),
});

export type ImageSettings = z.output<typeof imageSettings>;
