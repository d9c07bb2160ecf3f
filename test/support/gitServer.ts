/** A git server of git's own, for controllers that pull. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";

/** A repository that is served over HTTP by git's own program, and a working copy of it. */
export class GitServer {
    private constructor(
        readonly url: string,
        /** The working copy. */
        readonly copy: string,
        private readonly server: Server,
    ) {}

    static async start(dir: string): Promise<GitServer> {
        const [bare, copy] = [join(dir, "git", "fleet.git"), join(dir, "copy")];
        await git(dir, "init", "--quiet", "--bare", "--initial-branch=main", bare);
        await git(dir, "clone", "--quiet", bare, copy);
        await git(copy, "checkout", "--quiet", "-b", "main");
        const server = createServer((request, response) => {
            const url = new URL(request.url!, "http://localhost");
            const cgi = spawn("git", ["http-backend"], {
                env: {
                    ...process.env,
                    GIT_PROJECT_ROOT: join(dir, "git"),
                    GIT_HTTP_EXPORT_ALL: "1",
                    PATH_INFO: url.pathname,
                    QUERY_STRING: url.search.slice(1),
                    REQUEST_METHOD: request.method,
                    CONTENT_TYPE: request.headers["content-type"] ?? "",
                    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
                    GIT_PROTOCOL: (request.headers["git-protocol"] as string | undefined) ?? "",
                },
                stdio: ["pipe", "pipe", "ignore"],
            });
            request.pipe(cgi.stdin);
            const parts: Buffer[] = [];
            cgi.stdout.on("data", (part: Buffer) => parts.push(part));
            cgi.on("close", () => {
                const all = Buffer.concat(parts);
                const head = all.indexOf("\r\n\r\n");
                const lines = all.subarray(0, head).toString().split("\r\n");
                const headers = lines.map((line) => line.split(": ") as [string, string]);
                const status = headers.find(([name]) => name === "Status")?.[1] ?? "200";
                response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers));
                response.end(all.subarray(head + 4));
            });
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        return new GitServer(`http://127.0.0.1:${port}/fleet.git`, copy, server);
    }

    /** Commits all that the working copy has, and publishes it. @returns the commit's ID */
    async commit(message: string): Promise<string> {
        await git(this.copy, "add", "--all");
        await git(this.copy, "commit", "--quiet", "-m", message);
        return await this.publish();
    }

    /** Takes the newest commit back by another one. @returns the ID of that */
    async revert(): Promise<string> {
        await git(this.copy, "revert", "--no-edit", "HEAD");
        return await this.publish();
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        this.server.close();
        await once(this.server, "close");
    }

    private async publish(): Promise<string> {
        await git(this.copy, "push", "--quiet", "origin", "main");
        return (await git(this.copy, "rev-parse", "HEAD")).trim();
    }
}

async function git(cwd: string, ...args: string[]): Promise<string> {
    const who = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    return (await execa("git", [...who, ...args], { cwd })).stdout;
}
