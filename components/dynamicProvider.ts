/** The dynamic provider of our own resources, as the state keeps it. */
import type * as pulumi from "@pulumi/pulumi";

/**
 * A provider whose text in the state is constant: the engine stores it with every resource, and runs what it stored to
 * read and delete. So each method only calls the package, which the engine's Node process resolves from the program's
 * directory, and a corrected package corrects old resources too (docs/architecture.md).
 *
 * @param kind the export of the package that does the work.
 */
export function dynamicProvider(
    kind: "agentEntries" | "workloadEntries" | "rollout",
): pulumi.dynamic.ResourceProvider {
    /* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-explicit-any */
    return {
        check: (olds: any, news: any) =>
            require("@cilium-spire/entries-provider")[kind].check(olds, news),
        diff: (id: any, olds: any, news: any) =>
            require("@cilium-spire/entries-provider")[kind].diff(id, olds, news),
        create: (inputs: any) => require("@cilium-spire/entries-provider")[kind].create(inputs),
        read: (id: any, props: any) =>
            require("@cilium-spire/entries-provider")[kind].read(id, props),
        update: (id: any, olds: any, news: any) =>
            require("@cilium-spire/entries-provider")[kind].update(id, olds, news),
        delete: (id: any, props: any) =>
            require("@cilium-spire/entries-provider")[kind].delete(id, props),
    };
    /* eslint-enable */
}
