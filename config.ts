/** The stack's configuration, as Pulumi has it, to {@link Settings}. */
import * as pulumi from "@pulumi/pulumi";
import { warnings } from "./settings/cilium/rules";
import { ConfigError, decodeSettings, decodeTexts } from "./settings/decode";
import type { Settings } from "./settings/schema";

/**
 * Reads and checks the configuration of the current stack.
 *
 * @throws pulumi.RunError with the text of a {@link ConfigError}: Pulumi prints this kind without a stack.
 */
export function loadSettings(): Settings {
    const config = new pulumi.Config();
    const prefix = `${config.name}:`;
    const keys = Object.keys(pulumi.runtime.allConfig() as Record<string, string>)
        .filter((key) => key.startsWith(prefix))
        .map((key) => key.slice(prefix.length));
    const texts = Object.fromEntries(keys.map((key) => [key, config.require(key)]));
    const settings = decoded(decodeTexts(texts), prefix);
    for (const warning of warnings(settings)) void pulumi.log.warn(warning);
    return settings;
}

function decoded(raw: unknown, prefix: string): Settings {
    try {
        return decodeSettings(raw, prefix);
    } catch (error) {
        throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
    }
}
