/** The policy pack as the engine runs it, with the Node analyzer of an earlier SDK: later ones are part of Pulumi's language host. */
import { copyFile, chmod, mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { dependencyDir, moduleSource } from "../../../sandbox/build/binaries";
import { repositoryRoot } from "../../../sandbox/host/paths";

/** The directory of the pack. */
export const POLICY_PACK = join(repositoryRoot, "policy");

/** Puts what starts policy packs on PATH. @param dir for it */
export async function enterPolicyPacks(dir: string): Promise<void> {
    const sdk = await dependencyDir(
        "github.com/pulumi/pulumi/sdk/v3",
        moduleSource("pulumi-language-nodejs"),
    );
    const bin = join(dir, "bin");
    const script = join(bin, "pulumi-analyzer-policy-nodejs");
    await mkdir(bin, { recursive: true });
    await copyFile(join(sdk, "nodejs", "dist", "pulumi-analyzer-policy"), script);
    await chmod(script, 0o755);
    process.env.PATH = [bin, process.env.PATH].join(delimiter);
}
