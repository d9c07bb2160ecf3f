/** What a rule of the pack is: a function on plain resources, which the engine calls with its own. */
import type { PolicyConfigSchema } from "@pulumi/policy";

/** A resource as the engine shows it to a policy: its inputs, or, to a rule on the whole stack, its outputs. */
export interface Resource {
    /** Type token, such as `kubernetes:apps/v1:DaemonSet`. */
    type: string;
    urn: string;
    props: Record<string, unknown>;
}

/** Something that must not be, of one resource. */
export interface Finding {
    urn: string;
    /** The object, the key, what is wrong with it, and what to do. */
    message: string;
}

interface RuleOf<C> {
    /** Name of the policy, and the key of its configuration. */
    name: string;
    description: string;
    /** What `config` may hold. */
    properties: PolicyConfigSchema["properties"];
    /** The configuration where none is given. */
    defaults: C;
}

/** A rule that each resource follows or breaks by itself: it stops an `up` before anything is changed. */
export interface ResourceRule<C> extends RuleOf<C> {
    /** What is wrong with the resource. Pure. */
    check(resource: Resource, config: C): string[];
}

/** A rule between resources. A preview shows it; an `up --skip-preview` has changed the stack when it is asked. */
export interface StackRule<C> extends RuleOf<C> {
    /** What is wrong with the resources of a stack. Pure. */
    checkStack(resources: Resource[], config: C): Finding[];
}
