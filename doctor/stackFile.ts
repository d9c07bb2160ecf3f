/** The settings of a stack from its file alone, where no program runs. */
import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { decodeSettings, decodeValue } from "../settings/decode";
import type { Settings } from "../settings/schema";

const PREFIX = "cilium-spire:";

/**
 * @param file a `Pulumi.<stack>.yaml`.
 * @throws Error when there is no such file, ConfigError when the configuration in it is wrong.
 */
export function settingsOfFile(file: string): Settings {
    if (!existsSync(file)) throw new Error(`${file} does not exist; name a stack that has one`);
    const { config = {} } = parse(readFileSync(file, "utf8")) as { config?: object };
    const own = Object.entries(config)
        .filter(([key]) => key.startsWith(PREFIX))
        .map(([key, value]): [string, unknown] => [key.slice(PREFIX.length), value])
        // `pulumi config set` writes "false" where an editor writes false.
        .map(([key, value]) => [key, typeof value === "string" ? decodeValue(key, value) : value]);
    return decodeSettings(Object.fromEntries(own), PREFIX);
}

/** The project, as the Pulumi.yaml of the current directory has it. */
export function projectName(): string {
    return (parse(readFileSync("Pulumi.yaml", "utf8")) as { name: string }).name;
}
