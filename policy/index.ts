/** The policy pack: the rules of docs/security.md for any stack. What is configured where: docs/policy-pack.md. */
import {
    PolicyPack,
    type PolicyConfigSchema,
    type ResourceValidationPolicy,
    type StackValidationPolicy,
} from "@pulumi/policy";
import type { ResourceRule, StackRule } from "./rule";
import { adminEntries } from "./rules/adminEntries";
import { allowList } from "./rules/allowList";
import { bundledSpireOff } from "./rules/bundledSpire";
import { encryptionInProduction } from "./rules/encryption";
import { hostPaths } from "./rules/hostPaths";
import { pinnedImages } from "./rules/images";
import { podSecurity } from "./rules/podSecurity";
import { replicasWithSql } from "./rules/replicas";
import { requiredPolicies } from "./rules/requiredPolicies";
import { socketsApart } from "./rules/sockets";

new PolicyPack("cilium-spire", {
    enforcementLevel: "mandatory",
    policies: [
        resourcePolicy(socketsApart),
        resourcePolicy(hostPaths),
        resourcePolicy(pinnedImages),
        resourcePolicy(bundledSpireOff),
        resourcePolicy(allowList),
        resourcePolicy(adminEntries),
        resourcePolicy(encryptionInProduction),
        stackPolicy(podSecurity),
        stackPolicy(replicasWithSql),
        stackPolicy(requiredPolicies),
    ],
});

function resourcePolicy<C extends object>(rule: ResourceRule<C>): ResourceValidationPolicy {
    return {
        ...named(rule),
        validateResource: (args, report) => {
            for (const message of rule.check(args, args.getConfig<C>())) report(message);
        },
    };
}

function stackPolicy<C extends object>(rule: StackRule<C>): StackValidationPolicy {
    return {
        ...named(rule),
        validateStack: (args, report) => {
            const findings = rule.checkStack(args.resources, args.getConfig<C>());
            for (const { message, urn } of findings) report(message, urn);
        },
    };
}

/** The engine fills in the defaults, and refuses what does not fit the types. */
function named<C extends object>({ name, description, ...rule }: ResourceRule<C> | StackRule<C>) {
    const properties = Object.fromEntries(
        Object.entries(rule.properties).map(([key, schema]) => [
            key,
            { ...schema, default: rule.defaults[key as keyof C] },
        ]),
    ) as PolicyConfigSchema["properties"];
    return { name, description, configSchema: { properties } };
}
