/** The stacks of a fleet, each with what is configured for it and its cluster. */
import { Cluster } from "@cilium-spire/entries-provider";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { clusterChoice } from "../components/clusterChoice";
import { type KnownStack, knownStack } from "../doctor/site";
import { settingsOfFile } from "../doctor/stackFile";
import { placesIn, refuse, type Waves } from "./waves";

/** A stack, and the cluster that its file says. */
export interface Member {
    stack: KnownStack;
    cluster: Cluster;
}

/**
 * Reads the files of the stacks, in the current folder.
 *
 * @param file of the fleet, for messages.
 * @param known names of the stacks that the backend has for the project.
 * @returns them by name, in the order of the waves.
 * @throws Error that lists each stack which cannot be brought up, by its place in the file, with the remedy.
 */
export function membersOf(
    waves: Waves,
    { file, project, known }: { file: string; project: string; known: ReadonlySet<string> },
): Map<string, Member> {
    const members = new Map<string, Member>();
    const clusters = new Map<string, string>();
    const problems: string[] = [];
    for (const { stack, at } of placesIn(waves)) {
        try {
            const member = memberOf(stack, project);
            const { url } = member.cluster;
            const neighbour = clusters.get(url);
            if (neighbour !== undefined) {
                throw new Error(
                    `its cluster, ${url}, is that of ${neighbour} too; set kubeContext or kubeconfig of each to its own`,
                );
            }
            clusters.set(url, stack);
            if (!known.has(stack)) {
                throw new Error(
                    `there is no such stack, only its file; make it by "pulumi stack init ${stack}"`,
                );
            }
            members.set(stack, member);
        } catch (error) {
            problems.push(`${at}: ${messageOf(error)}`);
        }
    }
    refuse(file, problems);
    return members;
}

function memberOf(stack: string, project: string): Member {
    const settings = settingsOfFile(`Pulumi.${stack}.yaml`);
    return {
        stack: knownStack(settings, { project, stack }),
        cluster: new Cluster(clusterChoice(settings)),
    };
}
