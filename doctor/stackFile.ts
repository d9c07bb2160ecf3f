/** The settings of a stack from its file alone, where no program runs. */
import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { ConfigError, decodeSettings, decodeTexts } from "../settings/decode";
import type { Settings } from "../settings/schema";

const PREFIX = "cilium-spire:";

/**
 * @param file a `Pulumi.<stack>.yaml`.
 * @throws Error when there is no such file, ConfigError when the configuration in it is wrong.
 */
export function settingsOfFile(file: string): Settings {
    if (!existsSync(file)) throw new Error(`${file} does not exist; name a stack that has one`);
    const { config } = (parse(readFileSync(file, "utf8")) ?? {}) as { config?: object | null };
    const own = Object.entries(config ?? {}).filter(([key]) => key.startsWith(PREFIX));
    const texts = own.map(([key, value]) => [key.slice(PREFIX.length), textOf(key, value)]);
    return decodeSettings(decodeTexts(Object.fromEntries(texts) as Record<string, string>), PREFIX);
}

/** The text that Pulumi makes of a value for a program: what an editor wrote as false is what `pulumi config set` wrote as "false". */
function textOf(key: string, value: unknown): string {
    if (typeof value === "string") return value;
    return JSON.stringify(value, (member, inner: unknown) => {
        if (!isSecret(inner)) return inner;
        throw new ConfigError(
            `${key}${member && `: ${member}`}: is encrypted, and only an "up" has the key; no setting is secret, so write it with "pulumi config set --plaintext", and passwords into a Secret that a setting names`,
        );
    });
}

/** What `pulumi config set --secret` writes. */
function isSecret(value: unknown): boolean {
    return typeof value === "object" && value !== null && Object.keys(value).join() === "secure";
}

/** The project, as the Pulumi.yaml of the current directory has it. @throws Error when there is none. */
export function projectName(): string {
    if (!existsSync("Pulumi.yaml")) {
        throw new Error("there is no Pulumi.yaml here; go to the folder of the project");
    }
    return (parse(readFileSync("Pulumi.yaml", "utf8")) as { name: string }).name;
}
