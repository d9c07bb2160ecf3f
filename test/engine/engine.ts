/** Pulumi's engine, with state of its own, and an API server that runs no pods. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enterPulumi, type PulumiHome } from "../../automation/stack";
import { type ApiServer, type ApiServerOptions, startApiServer } from "../support/apiServer";

export interface Engine {
    api: ApiServer;
    /** With the API server's kubeconfig. */
    home: PulumiHome;
    /** Nothing is left, neither of what is in its directory. */
    stop(): Promise<void>;
}

/** Starts both; from now on this process is where they are. */
export async function startEngine(options?: ApiServerOptions): Promise<Engine> {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-engine-"));
    const api = await startApiServer(options);
    const home = { dir, kubeconfig: api.kubeconfig };
    await enterPulumi(home);
    const stop = async () => {
        await api.stop();
        await rm(dir, { recursive: true, force: true });
    };
    return { api, home, stop };
}
