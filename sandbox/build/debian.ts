import { existsSync, globSync } from "node:fs";
import { chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached } from "./cache";
import { install } from "../host/apt";
import { sandboxSources } from "../host/paths";
import { run } from "../host/shell";

/**
 * What comes from Debian. Packages that bring a system service (containerd) or are needed only here are
 * unpacked into the cache instead of installed, so that nothing is started or enabled on the host.
 * apt verifies every package against the signed index.
 */
const TOOLS = ["containerd", "runc", "debootstrap", "busybox-static"] as const;

/** Of tests, with the libraries that not every machine has. */
const SHELLCHECK = ["shellcheck", "libffi8", "libgmp10"] as const;

/** Root file systems for images, and the packages that each has besides Debian's smallest. */
const ROOTS = {
    /** What Cilium's agent needs at run time: its compiler, and what it calls. */
    "cilium-runtime": [
        "clang-19",
        "llvm-19",
        "ccache",
        "iproute2",
        "iptables",
        "ipset",
        "kmod",
        "libelf1",
        "ca-certificates",
        "containernetworking-plugins",
    ],
    /** What Cilium's acceptance tests run in their client pods. */
    "network-client": ["curl", "bind9-dnsutils", "netcat-openbsd"],
    /** What copies of SPIRE's datastore are made with (docs/backup.md). */
    "backup-tools": ["sqlite3", "openssl", "postgresql-client"],
} as const;

export type RootName = keyof typeof ROOTS;

/** The directory under which the tools are unpacked: `usr/bin/containerd`, `bin/busybox` and so on. */
export async function ensureTools(): Promise<string> {
    return cached("tools", { packages: TOOLS }, (dir) => unpack(TOOLS, dir));
}

/** The path of shellcheck. */
export async function ensureShellcheck(): Promise<string> {
    const dir = await cached("shellcheck", { packages: SHELLCHECK }, async (target) => {
        await unpack(SHELLCHECK, target);
        const [library] = globSync("usr/lib/*/libgmp.so.10", { cwd: target });
        const script = `#!/bin/sh
dir=$(dirname "$0")
LD_LIBRARY_PATH="$dir/${dirname(library!)}" exec "$dir/usr/bin/shellcheck" "$@"
`;
        await writeFile(join(target, "shellcheck"), script);
        await chmod(join(target, "shellcheck"), 0o755);
    });
    return join(dir, "shellcheck");
}

async function unpack(packages: readonly string[], dir: string): Promise<void> {
    await run("apt-get", ["-q", "update"], { timeoutMs: 300_000 });
    const debs = join(dir, "debs");
    await mkdir(debs);
    await run("apt-get", ["-q", "download", ...packages], { cwd: debs, timeoutMs: 300_000 });
    for (const deb of await readdir(debs)) {
        await run("dpkg-deb", ["--extract", join(debs, deb), dir]);
    }
    await rm(debs, { recursive: true });
}

/**
 * Downloads the source of a package into a directory, and does not unpack it.
 *
 * @param suite that has the version, which need not be the host's.
 */
export async function downloadSource(name: string, suite: string, dir: string): Promise<void> {
    const [base] = await aptSources();
    const own = join(dir, "apt");
    await mkdir(join(own, "lists", "partial"), { recursive: true });
    await writeFile(join(own, "sources.list"), `deb-src ${base!.uri} ${suite} main\n`);
    const options = [
        ...["-q", "-o", `Dir::Etc::SourceList=${join(own, "sources.list")}`],
        ...["-o", "Dir::Etc::SourceParts=-", "-o", `Dir::State::Lists=${join(own, "lists")}`],
    ];
    await run("apt-get", [...options, "update"], { timeoutMs: 300_000 });
    const source = ["source", "--download-only", "--only-source", name];
    await run("apt-get", [...options, ...source], { cwd: dir, timeoutMs: 300_000 });
    await rm(own, { recursive: true });
}

/** A linter for YAML, in Python, which the machine has to have. */
const YAMLLINT = ["yamllint", "python3-yaml", "python3-pathspec"] as const;

/** The directory of its Python modules, for PYTHONPATH: `python3 -m yamllint`. */
export async function ensureYamllint(): Promise<string> {
    const dir = await cached("yamllint", { packages: YAMLLINT }, async (target) => {
        await unpack(YAMLLINT, target);
    });
    return join(dir, "usr", "lib", "python3", "dist-packages");
}

/** A browser, with letters to draw: it has too many libraries to be unpacked, and no service. */
const CHROMIUM = ["chromium", "fonts-dejavu-core"] as const;

/** The path of Chromium, which is installed when it is missing. */
export async function ensureChromium(): Promise<string> {
    const path = "/usr/bin/chromium";
    if (!existsSync(path)) await install(CHROMIUM);
    return path;
}

/** A root file system (a directory) on which images are built: Debian as on the host. */
export async function ensureRoot(name: RootName): Promise<string> {
    const tools = await ensureTools();
    const packages = ROOTS[name];
    const distribution = await readFile("/etc/os-release", "utf8");
    const script = rootScript(name);
    const clang = await readFile(join(sandboxSources, "build", "clang.sh"), "utf8");
    const inputs = { packages, distribution, script, ...(name === "cilium-runtime" && { clang }) };
    return cached(name, inputs, async (dir) => {
        const sources = await aptSources();
        const base = sources[0]!;
        // A mount namespace of its own: a killed build leaves no mount of /proc behind.
        await run(
            "unshare",
            ["--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", script, "sh", dir],
            {
                timeoutMs: 1_200_000,
                env: {
                    CLANG: clang,
                    TOOLS: tools,
                    SUITE: base.suite,
                    MIRROR: base.uri,
                    SOURCES: sources
                        .map((s) => `deb ${s.uri} ${s.suite} ${s.components}`)
                        .join("\n"),
                    PACKAGES: packages.join(" "),
                    DEBIAN_FRONTEND: "noninteractive",
                    ...(await aptProxy()),
                },
            },
        );
    });
}

/** Argument: the target directory. Documentation is dropped: it is a third of the small files. */
function rootScript(name: RootName): string {
    return `
root=$1
export DEBOOTSTRAP_DIR=$TOOLS/usr/share/debootstrap
"$TOOLS/usr/sbin/debootstrap" --variant=minbase --force-check-gpg "$SUITE" "$root" "$MIRROR"
printf '%s\\n' "$SOURCES" > "$root/etc/apt/sources.list"
chroot "$root" apt-get -q update
chroot "$root" apt-get -q install -y --no-install-recommends $PACKAGES
${name === "cilium-runtime" ? COMPILER : ""}umount "$root/proc" "$root/sys" 2>/dev/null || true
rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists "$root"/var/log/* "$root"/usr/share/doc \\
    "$root"/usr/share/man "$root"/usr/share/locale "$root"/etc/resolv.conf "$root"/tmp/*
mkdir -p "$root/var/cache/apt"
`;
}

/** Cilium calls its compiler without a version. */
const COMPILER = `ln -sf llc-19 "$root/usr/bin/llc"
rm -f "$root/usr/bin/clang"
printf '%s' "$CLANG" > "$root/usr/bin/clang"
chmod 755 "$root/usr/bin/clang"
`;

interface AptSource {
    uri: string;
    suite: string;
    components: string;
}

/**
 * The distribution's own sources out of apt's configuration, the base suite first (its updates and
 * security suites carry a suffix).
 *
 * @throws Error when apt knows none, as on a machine whose package lists were never fetched.
 */
async function aptSources(): Promise<AptSource[]> {
    const format = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)";
    const text = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
    const sources = text
        .trim()
        .split("\n")
        .map((line) => line.split(" "))
        .filter(
            ([, , component, origin]) => component === "main" && /^(Debian|Ubuntu)/.test(origin!),
        )
        .map(([uri, suite]) => ({ uri: uri!, suite: suite!, components: "main" }))
        .sort((a, b) => a.suite.length - b.suite.length);
    if (sources.length === 0) {
        throw new Error("apt knows no Debian source; run `apt-get update` and look at its errors");
    }
    return sources;
}

/** A proxy that apt is configured with is needed by debootstrap's wget as well. */
async function aptProxy(): Promise<Record<string, string>> {
    const [, proxy] =
        /'(.+)'/.exec(await run("apt-config", ["shell", "P", "Acquire::http::Proxy"])) ?? [];
    return proxy ? { http_proxy: proxy } : {};
}
