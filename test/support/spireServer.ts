/** A SPIRE server outside of any cluster, with a configuration of the program's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "@cilium-spire/entries-provider/messageOf";
import { poll } from "@cilium-spire/entries-provider/poll";
import { ensureBinary } from "../../sandbox/build/binaries";
import { run, SOON, tail } from "../../sandbox/host/shell";
import { freePorts } from "./apiServer";

const DEADLINE_MS = 60_000;

export interface RunningServer {
    /** Runs `spire-server` with these words, against this server; its standard output. */
    cli(args: readonly string[], input?: string): Promise<string>;
    stop(): Promise<void>;
}

type Conf = Record<string, unknown>;

/**
 * Starts a server and waits until it is Ready. Its paths become those of a new directory, its ports those
 * of loopback, its Kubernetes another one; all else stays.
 *
 * @param conf text of server.conf.
 * @param dir has a certificate, `tls.crt` and `tls.key`, which is there wherever the configuration names one.
 * @throws Error with the end of the server's log.
 */
export async function startSpireServer(
    conf: string,
    { dir, kubeconfig }: { dir: string; kubeconfig: string },
): Promise<RunningServer> {
    const home = await mkdtemp(join(dir, "server-"));
    const [grpc, health, metrics, bundle] = await freePorts(4);
    const files: [path: string, source: string][] = [];
    const here = JSON.parse(conf, function (this: Conf, key, value: unknown) {
        if (key === "server") {
            return { ...(value as Conf), bind_address: "127.0.0.1", bind_port: String(grpc) };
        }
        if (key === "bundle_endpoint") {
            return { ...(value as Conf), address: "127.0.0.1", port: bundle };
        }
        if (key === "health_checks") return { ...(value as Conf), bind_port: String(health) };
        if (key === "Prometheus") return { host: "127.0.0.1", port: metrics };
        if (key === "k8sbundle") return withKubeconfig(value, "kube_config_file_path");
        if (key === "own") return { ...(value as Conf), kubeconfig_path: kubeconfig };
        if (typeof value !== "string") return value;
        const path = value.replace(/^(\/run\/spire|\/tmp\/spire-server\/private)(?=\/)/, home);
        if (/(cert|bundle)_file_path$/.test(key)) files.push([path, "tls.crt"]);
        if (key.endsWith("key_file_path")) files.push([path, "tls.key"]);
        return path;
    }) as Conf;
    function withKubeconfig(value: unknown, key: string): Conf {
        const { plugin_data } = value as { plugin_data: Conf };
        return { plugin_data: { ...plugin_data, [key]: kubeconfig } };
    }
    for (const [path, source] of files) {
        await mkdir(dirname(path), { recursive: true });
        await copyFile(join(dir, source), path);
    }
    await mkdir(join(home, "data"), { recursive: true });
    const file = join(home, "server.conf");
    await writeFile(file, JSON.stringify(here, undefined, 2));
    const program = await ensureBinary("spire-server");
    const log = join(home, "server.log");
    const output = openSync(log, "w");
    // The kernel ends it with this process, however that ends.
    const mortal = ["--pdeathsig", "KILL", program, "run", "-config", file];
    const child = spawn("setpriv", mortal, { stdio: ["ignore", output, output] });
    closeSync(output);
    const exited = once(child, "exit");
    const stop = async () => {
        child.kill("SIGKILL");
        await exited;
    };
    const attempt = async () => {
        if (child.exitCode !== null) return { failed: "it ended" };
        const { ok } = await fetch(`http://127.0.0.1:${health}/ready`);
        return ok ? { done: true } : { waitingFor: "its readiness" };
    };
    await poll(DEADLINE_MS, "SPIRE server", attempt, SOON).catch(async (error: unknown) => {
        await stop();
        throw new Error(`${messageOf(error)}\n${tail(await readFile(log, "utf8"))}`);
    });
    const socket = ["-socketPath", join(home, "api.sock")];
    return {
        cli: (args, input) => run(program, [...args, ...socket], { input: input ?? "" }),
        stop,
    };
}
