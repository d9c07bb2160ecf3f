/** Flux on the host: its source controller and its kustomize controller, as administrators of a cluster. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { dependencyDir, ensureBinary, moduleSource } from "../../sandbox/build/binaries";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import type { Instance } from "../../sandbox/host/instance";
import { tail } from "../../sandbox/host/shell";
import { freePorts } from "./apiServer";

const FLUX_MODULES = ["source", "kustomize"].map((name) => `github.com/fluxcd/${name}-controller`);
const FLUX_NAMESPACE = "flux-system";

/** The folders of its CustomResourceDefinitions. */
export async function fluxCrdDirs(): Promise<string[]> {
    const modules = FLUX_MODULES.map((module) => dependencyDir(module, moduleSource("flux")));
    return (await Promise.all(modules)).map((dir) => join(dir, "config/crd/bases"));
}

export interface Flux {
    /** The ends of both logs. */
    log(): Promise<string>;
    stop(): Promise<void>;
}

/** Starts both controllers, which live as long as this process, and makes their kinds and namespace known. */
export async function startFlux(sandbox: Instance, dir: string): Promise<Flux> {
    for (const crds of await fluxCrdDirs()) {
        await kubectl(sandbox, ["apply", "--server-side", "-f", crds]);
    }
    const established = ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"];
    await kubectl(sandbox, established);
    await kubectl(sandbox, ["create", "namespace", FLUX_NAMESPACE]);
    const storage = join(dir, "artifacts");
    await mkdir(storage, { recursive: true });
    const [store, ...others] = await freePorts(5);
    const at = (port: number | undefined) => `127.0.0.1:${port!}`;
    const common = (metrics: number, health: number) => [
        ...["--watch-all-namespaces", "--log-level=info", `--metrics-addr=${at(metrics)}`],
        `--health-addr=${at(health)}`,
    ];
    const address = [`--storage-addr=${at(store)}`, `--storage-adv-addr=${at(store)}`];
    const controllers = {
        "source-controller": [
            ...common(others[0]!, others[1]!),
            ...address,
            `--storage-path=${storage}`,
        ],
        // A stage looks at those before it every 30 s by default.
        "kustomize-controller": [...common(others[2]!, others[3]!), "--requeue-dependency=5s"],
    };
    const logs = Object.keys(controllers).map((name) => join(dir, `${name}.log`));
    const children: ChildProcess[] = [];
    for (const [i, [name, args]] of Object.entries(controllers).entries()) {
        const out = openSync(logs[i]!, "a");
        const mortal = ["--pdeathsig", "KILL", await ensureBinary(name), ...args];
        const env = { KUBECONFIG: sandbox.kubeconfig, RUNTIME_NAMESPACE: FLUX_NAMESPACE };
        children.push(
            spawn("setpriv", mortal, {
                env: { ...process.env, ...env },
                stdio: ["ignore", out, out],
            }),
        );
        closeSync(out);
    }
    return {
        log: async () => {
            const texts = await Promise.all(logs.map((file) => readFile(file, "utf8")));
            return texts.map((text) => tail(text.trim(), 10)).join("\n");
        },
        stop: async () => {
            await Promise.all(children.map(end));
        },
    };
}

async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
}
