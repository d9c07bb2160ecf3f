/** How a stack signs what is its own: objects by their field manager, registration entries by their IDs. */

/** A stack as Pulumi names it, without what differs between backends. */
export interface StackId {
    project: string;
    stack: string;
}

/** Of a field manager (Kubernetes, metav1 validation). */
const LONGEST = 128;

/**
 * `<project>.<stack>`, with a dot of a project's name written `_.`, so that no two pairs make one name. Stacks of one name in
 * two projects are two owners; those of one project and one name in two backends cannot be told apart.
 *
 * @throws Error when the API server would refuse the name.
 */
export function ownerOf({ project, stack }: StackId): string {
    const owner = `${project.replaceAll(/[_.]/g, "_$&")}.${stack}`;
    if (owner.length <= LONGEST) return owner;
    throw new Error(
        `the project "${project}" and the stack "${stack}" make "${owner}", which signs the objects and must have at most ${LONGEST} characters; shorten one of the names`,
    );
}
