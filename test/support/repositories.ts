/** A company's chart repository and image registry: behind a name and a password, under a certificate of its own CA. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer, request, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { ensureBinary } from "../../sandbox/build/binaries";
import { run } from "../../sandbox/host/shell";
import { type Certificate, makeCertificate } from "./certificate";

export const CREDENTIALS = { username: "puller", password: "correct-horse-battery" };

const LOOPBACK = "127.0.0.1";

/** A server that runs until it is stopped. */
export interface Repository {
    /** `address:port`. */
    host: string;
    /** Paths that were asked for with the right credentials, or without any where none are needed. */
    served: string[];
    stop: () => Promise<void>;
}

export interface Registry extends Repository {
    /** The CA that its clients must trust. */
    caFile: string;
}

/**
 * Packs a chart and serves it as a chart repository over HTTP, on loopback.
 *
 * @param chart directory; its Chart.yaml says the version.
 * @param dir where the archive and index.yaml are made.
 */
export async function startChartRepository(
    chart: string,
    dir: string,
    guard: "open" | "guarded",
): Promise<Repository> {
    await packageChart(chart, dir);
    await run(await ensureBinary("helm"), ["repo", "index", dir]);
    const files: RequestListener = ({ url }, response) => {
        const file = join(dir, basename(url!));
        response.writeHead(existsSync(file) ? 200 : 404);
        if (existsSync(file)) createReadStream(file).pipe(response);
        else response.end();
    };
    return await serve(files, { guarded: guard === "guarded" });
}

/** Packs a chart as `helm package` does, and returns the archive. */
export async function packageChart(chart: string, dir: string): Promise<string> {
    await mkdir(dir, { recursive: true });
    const output = await run(await ensureBinary("helm"), ["package", chart, "--destination", dir]);
    return output.trim().split(": ").at(-1)!;
}

/**
 * Starts an OCI registry with {@link CREDENTIALS} in front of it.
 *
 * @param dir for its blobs and its certificate.
 * @param address where it listens.
 */
export async function startRegistry(dir: string, address = LOOPBACK): Promise<Registry> {
    await mkdir(dir, { recursive: true });
    const certificate = await makeCertificate(dir, `IP:${address}`);
    const where = ["--address", `${LOOPBACK}:0`, "--disk", join(dir, "blobs")];
    await mkdir(join(dir, "blobs"));
    const child = spawn(await ensureBinary("crane"), ["registry", "serve", ...where], {
        stdio: ["ignore", "ignore", "pipe"],
    });
    // Nobody else ends it when a test fails in a way that skips its hooks.
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    const port = await new Promise<string>((resolve, reject) => {
        child.once("exit", (code) => reject(new Error(`crane: exit status ${code ?? "none"}`)));
        // Its log also fills the pipe, so it is read to the end.
        createInterface(child.stderr).on("line", (line) => {
            const [, found] = /serving on port (\d+)/.exec(line) ?? [];
            if (found !== undefined) resolve(found);
        });
    });
    const behind: RequestListener = (incoming, outgoing) => {
        const { method, url: path, headers } = incoming;
        const forwarded = request({ host: LOOPBACK, port, method, path, headers }, (answer) => {
            outgoing.writeHead(answer.statusCode!, answer.headers);
            answer.pipe(outgoing);
        });
        forwarded.on("error", () => outgoing.destroy());
        incoming.pipe(forwarded);
    };
    const front = await serve(behind, { address, certificate, guarded: true });
    const stop = async () => {
        await front.stop();
        process.off("exit", kill);
        child.kill("SIGKILL");
        await once(child, "close");
    };
    return { ...front, caFile: certificate.caFile, stop };
}

interface ServeOptions {
    address?: string;
    /** HTTPS when given. */
    certificate?: Certificate;
    guarded: boolean;
}

async function serve(
    listener: RequestListener,
    { address = LOOPBACK, certificate, guarded }: ServeOptions,
): Promise<Repository> {
    const served: string[] = [];
    const wanted = `Basic ${Buffer.from(Object.values(CREDENTIALS).join(":")).toString("base64")}`;
    const door: RequestListener = (incoming, outgoing) => {
        if (guarded && incoming.headers.authorization !== wanted) {
            outgoing.writeHead(401, { "www-authenticate": 'Basic realm="company"' });
            outgoing.end();
            return;
        }
        served.push(incoming.url!);
        listener(incoming, outgoing);
    };
    const server = certificate
        ? createTlsServer(
              {
                  cert: await readFile(certificate.certFile),
                  key: await readFile(certificate.keyFile),
              },
              door,
          )
        : createServer(door);
    server.listen(0, address);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const stop = async () => {
        server.close();
        server.closeAllConnections();
        await once(server, "close");
    };
    return { host: `${address}:${port}`, served, stop };
}

/** Pushes a chart's archive into a registry, below `charts/`, as someone who has logged in. */
export async function pushChart({ host, caFile }: Registry, archive: string): Promise<void> {
    const helm = await ensureBinary("helm");
    const { username, password } = CREDENTIALS;
    const user = ["--username", username, "--password-stdin", "--ca-file", caFile];
    await run(helm, ["registry", "login", host, ...user], { input: password });
    await run(helm, ["push", archive, `oci://${host}/charts`, "--ca-file", caFile]);
}

/** Tells Helm of a repository by a name, with its credentials, as its users do. */
export async function addRepository(name: string, { host }: Repository): Promise<void> {
    const user = ["--username", CREDENTIALS.username, "--password-stdin"];
    await run(await ensureBinary("helm"), ["repo", "add", name, `http://${host}`, ...user], {
        input: CREDENTIALS.password,
    });
}

/** Gives Helm, of this process and what it starts, a configuration and a cache of its own below a directory. */
export function useHelmHome(dir: string): void {
    Object.assign(process.env, {
        HELM_REGISTRY_CONFIG: join(dir, "registry.json"),
        HELM_REPOSITORY_CONFIG: join(dir, "repositories.yaml"),
        HELM_REPOSITORY_CACHE: join(dir, "repository"),
        // Not the login of whoever runs the tests.
        DOCKER_CONFIG: join(dir, "docker"),
    });
}
