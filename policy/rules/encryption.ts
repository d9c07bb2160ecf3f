/** Packets that others cannot read. */
import { fieldsAt, objectOf, textAt, textsOf } from "../kubernetes";
import type { Resource, ResourceRule } from "../rule";

const CONFIG_MAP = "cilium-config";
const REMEDY = `authentication leaves packets readable; set cilium.encryption (of the chart: encryption.enabled and type)`;

export interface EncryptionConfig {
    stacks: string[];
}

export const encryptionInProduction: ResourceRule<EncryptionConfig> = {
    name: "encryption-in-production",
    description: "Cilium encrypts between nodes in production.",
    properties: {
        stacks: {
            type: "array",
            items: { type: "string" },
            description: "Names of the stacks that are production.",
        },
    },
    defaults: { stacks: ["prod", "production"] },
    check: (resource, { stacks }) => {
        // The policy's process is not told the stack by every engine; a URN begins with it.
        const stack = resource.urn.split(":")[2]!;
        return stacks.includes(stack) ? [...unencrypted(resource)] : [];
    },
};

function* unencrypted(resource: Resource): Generator<string> {
    const { type, props, urn } = resource;
    if (/^kubernetes:helm\.sh\/v\d:Release$/.test(type)) {
        if (!/(?:^|\/)cilium(?:-[\d.]+\.tgz)?$/.test(textAt(props, "chart") ?? "")) return;
        if (fieldsAt(props, "values", "encryption").enabled === true) return;
        yield `Helm release ${urn.split("::").at(-1)!}: values.encryption: is off; ${REMEDY}`;
        return;
    }
    const object = objectOf(resource);
    // A patch says nothing of the keys that it does not set.
    if (object?.name !== CONFIG_MAP || object.isPatch) return;
    const data = Object.fromEntries(textsOf(object));
    if (data["enable-wireguard"] === "true" || data["enable-ipsec"] === "true") return;
    yield `${object.title}: neither enable-wireguard nor enable-ipsec is "true"; ${REMEDY}`;
}
