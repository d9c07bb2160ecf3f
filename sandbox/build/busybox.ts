/** Busybox as Docker's image has it: Debian's own is made without `pgrep` and `nc -z`, and cannot look up names. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache";
import { downloadSource } from "./debian";
import { run } from "../host/shell";

export const BUSYBOX_VERSION = "1.37.0";
/** Of its source as published. */
const SHA256 = "3311dff32e746499f4df0d5df04d7eb396382d7e108bb9250e7b519b837043a4";

/**
 * Arguments: the source, the target. Options as in the Dockerfile of Docker's image (docker-library/busybox, glibc); without `tc`,
 * which needs what newer kernels' headers do not have, as there by a patch. With the C library, which looks up names by DNS.
 */
const BUILD = `
source=$1 target=$2
mkdir "$target/build" && cd "$target/build"
tar -xf "$source" --strip-components 1
make defconfig
sed -i -e 's/^CONFIG_TC=y/# CONFIG_TC is not set/' -e '/^CONFIG_FEATURE_TC_INGRESS=/d' \\
    -e 's/^CONFIG_FEATURE_SYNC_FANCY=y/# CONFIG_FEATURE_SYNC_FANCY is not set/' \\
    -e 's/^CONFIG_LAST_SUPPORTED_WCHAR=.*/CONFIG_LAST_SUPPORTED_WCHAR=0/' .config
make -j "$(nproc)" busybox
install -D busybox "$target/bin/busybox"
ldd busybox | grep -o '/[^ ]*' | while read -r library; do install -D "$library" "$target$library"; done
cd "$target" && rm -r build busybox_*
`;

/** The directory of the program and its libraries: `bin/busybox`, `lib`, `lib64`. Takes a minute once, and a C compiler. */
export async function ensureBusybox(): Promise<string> {
    return cached("busybox", { SHA256, BUILD }, async (dir) => {
        await downloadSource("busybox", "trixie", dir);
        const source = join(dir, `busybox_${BUSYBOX_VERSION}.orig.tar.bz2`);
        const digest = createHash("sha256")
            .update(await readFile(source))
            .digest("hex");
        if (digest !== SHA256) throw new Error(`${source}: SHA-256 ${digest}, not ${SHA256}`);
        const args = ["-euc", BUILD, "sh", source, dir];
        await run("sh", args, { timeoutMs: 1_200_000, input: "" });
    });
}
