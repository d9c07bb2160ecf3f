/** Pulumi's engine as the component tests need it: records what was registered, and answers with the inputs. */
import * as pulumi from "@pulumi/pulumi";

/** A resource as the SDK registered it. */
export interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
    /** Logical name of the parent. */
    parent: string | undefined;
    /** Logical names of what it depends on. */
    dependsOn: string[];
    ignoreChanges: string[];
    timeouts: { create: string; update: string } | undefined;
    transforms: pulumi.ResourceTransform[];
}

/** The parts of a RegisterResourceRequest that mocks do not show. */
interface Request {
    getName(): string;
    getType(): string;
    getParent(): string;
    getDependenciesList(): string[];
    getIgnorechangesList(): string[];
    getCustomtimeouts(): { getCreate(): string; getUpdate(): string } | undefined;
}

interface Monitor {
    registerResource(request: Request, callback: unknown): Promise<void>;
}

/**
 * Runs a program against mocks and returns what it registered once nothing is under way any more: also the resources that
 * it makes late, and errors that it throws late.
 *
 * @param answer outputs over the inputs; called like the engine calls a provider, so it may run the transforms.
 */
export async function registered(
    program: () => unknown,
    answer: (resource: pulumi.runtime.MockResourceArgs) => object = () => ({}),
): Promise<Registered[]> {
    const all = new Map<string, Registered>();
    await pulumi.runtime.setMocks(
        {
            newResource: (args) => {
                const resource = all.get(keyOf(args.type, args.name))!;
                Object.assign(resource, {
                    type: args.type,
                    inputs: args.inputs as object,
                    transforms: args.transforms ?? [],
                });
                return { id: args.name, state: { ...(args.inputs as object), ...answer(args) } };
            },
            call: ({ inputs }) => inputs as Record<string, unknown>,
        },
        "cilium-spire",
        "test",
    );
    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
        const nameOf = (urn: string) => urn.split("::").at(-1)!;
        const timeouts = request.getCustomtimeouts();
        all.set(keyOf(request.getType(), request.getName()), {
            name: request.getName(),
            parent: request.getParent() ? nameOf(request.getParent()) : undefined,
            dependsOn: request.getDependenciesList().map(nameOf),
            ignoreChanges: request.getIgnorechangesList(),
            timeouts: timeouts && { create: timeouts.getCreate(), update: timeouts.getUpdate() },
            type: "",
            inputs: {},
            transforms: [],
        });
        return register(request, callback);
    };
    program();
    await pulumi.runtime.disconnect();
    return [...all.values()];
}

/** Resources of different types may have one name. */
function keyOf(type: string, name: string): string {
    return `${type}::${name}`;
}

/** The only resource of a type. */
export function only(all: Registered[], type: string): Registered {
    const found = all.filter((resource) => resource.type === type);
    if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}, not 1`);
    return found[0]!;
}
