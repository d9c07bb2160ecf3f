import { existsSync } from "node:fs";
import { mkdir, readFile, statfs } from "node:fs/promises";
import { release, totalmem } from "node:os";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { coerce, gte } from "semver";
import { install } from "./apt";
import { cgroup2Root } from "./cgroups";
import { cacheRoot } from "./paths";
import { progress, run } from "./shell";

/** Programs that are installed by apt when they are missing; none of the packages has a service. */
const PACKAGES: Record<string, string[]> = {
    ip: ["iproute2"],
    openssl: ["openssl"],
    gcc: ["gcc", "libc6-dev"],
    nsenter: ["util-linux"],
    setcap: ["libcap2-bin"],
    // debootstrap calls these.
    wget: ["wget", "ca-certificates"],
    gpgv: ["gpgv"],
    ar: ["binutils"],
};

const GIGABYTE = 1e9;
const MINIMUM_GO = "1.26";
/** cgroup.kill, by which processes are ended. */
const MINIMUM_KERNEL = "5.14";
const MINIMUM_MEMORY = 6 * GIGABYTE;
/** Go modules 5 GB, the Go tool's cache 12 GB, programs and images 7 GB; afterwards nodes only write what pods write. */
const MINIMUM_DISK = { nothingBuilt: 25 * GIGABYTE, built: 3 * GIGABYTE };

/**
 * Returns when this machine can run the sandbox; installs missing Debian packages.
 *
 * @throws Error that lists all that is missing at once, and the way without a sandbox.
 */
export async function requireMachine(): Promise<void> {
    const problems = await findProblems();
    if (problems.length === 0) await installPackages();
    if (problems.length === 0) return;
    throw new Error(
        [
            "this machine cannot run the sandbox:",
            ...problems.map((problem) => `  - ${problem}`),
            "To use a cluster that you have instead, set KUBECONFIG: see docs/own-cluster.md.",
        ].join("\n"),
    );
}

async function findProblems(): Promise<string[]> {
    if (process.platform !== "linux") {
        return [`it needs Linux, this is ${process.platform}`];
    }
    if (process.getuid?.() !== 0) {
        return ["it needs root, for namespaces, mounts and BPF: run it as root (sudo -E)"];
    }
    const found = await Promise.all([kernel(), namespaces(), go(), resources()]);
    return [...found.flat(), ...apt()];
}

async function kernel(): Promise<string[]> {
    const problems: string[] = [];
    if (!atLeast(release(), MINIMUM_KERNEL)) {
        problems.push(`kernel ${release()} is older than ${MINIMUM_KERNEL}`);
    }
    // Fails where there are no modules: what counts is what the kernel has afterwards.
    await run("modprobe", ["-a", "overlay", "vxlan", "veth", "bridge"]).catch(() => {});
    const known = await readFile("/proc/filesystems", "utf8");
    for (const type of ["overlay", "bpf", "cgroup2"]) {
        if (!new RegExp(`\\t${type}$`, "m").test(known)) {
            problems.push(`the kernel has no file system "${type}"`);
        }
    }
    if (!cgroup2Root()) problems.push("no cgroup2 hierarchy is mounted below /sys/fs/cgroup");
    return problems;
}

async function namespaces(): Promise<string[]> {
    const kinds = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork"];
    return run("unshare", [...kinds, "true"]).then(
        () => [],
        (error: unknown) => [`namespaces cannot be made (in a container?): ${messageOf(error)}`],
    );
}

async function go(): Promise<string[]> {
    const version = await run("go", ["env", "GOVERSION"]).catch(() => "");
    if (!version)
        return [`Go ${MINIMUM_GO} or later is not on PATH: it builds Kubernetes, Cilium and SPIRE`];
    return atLeast(version, MINIMUM_GO) ? [] : [`${version.trim()} is older than Go ${MINIMUM_GO}`];
}

function apt(): string[] {
    return existsSync("/usr/bin/apt-get")
        ? []
        : [
              "apt-get is missing: containerd and the base of Cilium's image come from Debian packages",
          ];
}

async function resources(): Promise<string[]> {
    const problems: string[] = [];
    const needed = existsSync(cacheRoot) ? MINIMUM_DISK.built : MINIMUM_DISK.nothingBuilt;
    await mkdir(cacheRoot, { recursive: true });
    const { bavail, bsize } = await statfs(cacheRoot);
    const gigabytes = (bytes: number) => `${Math.round(bytes / GIGABYTE)} GB`;
    if (bavail * bsize < needed) {
        problems.push(
            `${gigabytes(bavail * bsize)} are free at ${cacheRoot}, ${gigabytes(needed)} are needed`,
        );
    }
    if (totalmem() < MINIMUM_MEMORY) {
        problems.push(`${gigabytes(totalmem())} memory, ${gigabytes(MINIMUM_MEMORY)} are needed`);
    }
    return problems;
}

async function installPackages(): Promise<void> {
    const path = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
    const has = (program: string) => path.some((dir) => existsSync(`${dir}/${program}`));
    const missing = Object.keys(PACKAGES).filter((program) => !has(program));
    if (missing.length === 0) return;
    const packages = missing.flatMap((program) => PACKAGES[program]!);
    progress(`installing ${packages.join(", ")}`);
    await install(packages);
}

/** Whether a version such as "6.1.0-13" or "go1.26" is at least another; what comes behind its numbers does not count. */
export function atLeast(version: string, minimum: string): boolean {
    const numbers = coerce(version);
    return numbers !== null && gte(numbers, coerce(minimum)!);
}
