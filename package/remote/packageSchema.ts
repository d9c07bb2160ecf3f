/** The schema of a Pulumi package, from which Pulumi checks programs and makes SDKs. */
import { z } from "zod";

interface Type {
    type?: string;
    description?: string;
    items?: Type;
    additionalProperties?: Type | boolean;
    properties?: Record<string, Type>;
    required?: string[];
    $ref?: string;
}

/** What a package says of itself. */
export interface About {
    name: string;
    version: string;
    description: string;
}

/**
 * The schema of a package with a component that has no outputs.
 *
 * @param token the component's type. Types in its arguments that have an id become types of the same module.
 */
export function packageSchema(about: About, token: string, args: z.ZodType): object {
    const { $defs = {}, ...group } = z.toJSONSchema(args, { io: "input" });
    const module = token.slice(0, token.lastIndexOf(":"));
    const { properties, required } = propertiesOf(group as Type, module);
    const component = {
        isComponent: true,
        inputProperties: properties,
        requiredInputs: required,
    };
    const types = Object.entries($defs).map(([id, type]) => [
        `${module}:${id}`,
        { type: "object", ...propertiesOf(type as Type, module) },
    ]);
    return {
        ...about,
        resources: { [token]: component },
        types: Object.fromEntries(types) as object,
    };
}

function propertiesOf({ properties = {}, required = [] }: Type, module: string) {
    const entries = Object.entries(properties);
    return {
        properties: Object.fromEntries(entries.map(([key, type]) => [key, typeOf(type, module)])),
        required,
    };
}

/** Of JSON Schema's keywords, those that Pulumi's schema has too. */
function typeOf(type: Type, module: string): Type {
    const { items, additionalProperties: values, $ref: reference, description } = type;
    return {
        ...(reference
            ? { $ref: reference.replace("#/$defs/", `#/types/${module}:`) }
            : { type: type.type }),
        ...(items && { items: typeOf(items, module) }),
        ...(typeof values === "object" && { additionalProperties: typeOf(values, module) }),
        ...(description !== undefined && { description }),
    };
}
