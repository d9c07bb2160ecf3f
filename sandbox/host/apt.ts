import { run } from "./shell";

/** Installs Debian packages; what is installed already stays as it is. */
export async function install(packages: readonly string[]): Promise<void> {
    const options = { timeoutMs: 600_000, env: { DEBIAN_FRONTEND: "noninteractive" } };
    await run("apt-get", ["-q", "update"], options);
    await run("apt-get", ["-q", "install", "-y", "--no-install-recommends", ...packages], options);
}
