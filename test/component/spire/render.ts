/** What server, agents, what goes with them, and namespaces send to the engine for some settings, without an engine. */
import * as pulumi from "@pulumi/pulumi";
import { agentArgs, serverArgs } from "../../../components/spire/args";
import { Agent } from "../../../components/spire/agent";
import { installOidcDiscoveryProvider } from "../../../components/spire/installed";
import { spireNamespaces } from "../../../components/spire/namespaces";
import { Server } from "../../../components/spire/server";
import type { Settings } from "../../../settings/schema";
import { installed } from "../../support/installed";

/** An object as the engine gets it; components have no kind. */
export interface KubernetesObject {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
}

/** Inputs by `<kind>/<logical name>`, such as `StatefulSet/spire-server`. */
export type Rendered = Record<string, object>;

let rendered: Record<string, KubernetesObject> = {};

/** Call once, before {@link render}. */
export async function useMocks(): Promise<void> {
    await pulumi.runtime.setMocks(
        {
            newResource: ({ name, type, inputs }: pulumi.runtime.MockResourceArgs) => {
                const key = `${type.split(":").at(-1)!}/${name}`;
                if (key in rendered) throw new Error(`two resources are ${key}`);
                rendered[key] = inputs as KubernetesObject;
                return { id: name, state: inputs as object };
            },
            call: ({ inputs }: pulumi.runtime.MockCallArgs) => inputs as object,
        },
        "cilium-spire",
        "dev",
    );
}

/** What the engine has of the components' resources, without kinds. */
export async function render(settings: Settings): Promise<Rendered> {
    const all = await renderAll(settings);
    const members: Rendered = {};
    for (const [key, object] of Object.entries<Partial<KubernetesObject>>(all)) {
        const { apiVersion: _, kind: _kind, ...rest } = object;
        members[key] = rest;
    }
    return members;
}

/** The objects that the API server would get of server, agents and namespaces. */
export async function renderObjects(settings: Settings): Promise<KubernetesObject[]> {
    const all = Object.values(await renderAll(settings));
    return all.filter((object) => "kind" in object);
}

/** Makes the components, and returns when the engine has every resource. */
async function renderAll(settings: Settings): Promise<typeof rendered> {
    rendered = {};
    spireNamespaces(settings.spire, {});
    new Server("spire", serverArgs(installed(settings)));
    new Agent("spire", agentArgs(installed(settings)));
    installOidcDiscoveryProvider("oidc", settings, {});
    await settled();
    return rendered;
}

/** A resource is registered some turns of the event loop after those it depends on. */
async function settled(): Promise<void> {
    const count = () => Object.keys(rendered).length;
    for (let quiet = 0, before = 0; quiet < 20; quiet++) {
        if (count() !== before) [quiet, before] = [0, count()];
        await new Promise(setImmediate);
    }
}

/** A member by its path, such as `spec.template.spec.containers.0`; undefined when there is none. */
export function at(value: unknown, path: string): unknown {
    return path
        .split(".")
        .reduce<unknown>((v, key) => (v as Record<string, unknown> | undefined)?.[key], value);
}

/** The configuration that server or agent reads. */
export function configuration(all: Rendered, component: "server" | "agent"): unknown {
    const data = at(all[`ConfigMap/spire-${component}`], "data") as Record<string, string>;
    return JSON.parse(data[`${component}.conf`]!) as unknown;
}
