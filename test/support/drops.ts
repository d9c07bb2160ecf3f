/** Packets that Cilium drops while a test looks, as its agents' monitors tell of them. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { type Packet, parseDrop } from "../../doctor/traffic/drops";
import { ensureBinary } from "../../sandbox/build/binaries";
import { kubectl } from "../../sandbox/controlPlane/kubectl";
import { testSandbox } from "./sandbox";

/** `Authentication required`, `Policy denied`, with security identities. */
type Drop = Pick<Packet, "reason" | "port"> & { from: number; to: number };

/** No test looks longer, and no monitor outlives its test for long. */
const LONGEST_S = "300";
/** The monitors of all nodes. */
export class DropMonitor {
    readonly drops: Drop[] = [];

    private constructor(private readonly abort: AbortController) {}

    static async start(): Promise<DropMonitor> {
        const list = ["-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "name"];
        const pods = (await kubectl(testSandbox, list)).trim().split("\n");
        const monitor = new DropMonitor(new AbortController());
        await Promise.all(pods.map((pod) => monitor.listen(pod)));
        return monitor;
    }

    /** Whether a packet was dropped for that reason. */
    saw(wanted: Drop): boolean {
        return this.drops.some(
            ({ reason, from, to, port }) =>
                reason === wanted.reason &&
                from === wanted.from &&
                to === wanted.to &&
                port === wanted.port,
        );
    }

    stop(): void {
        this.abort.abort();
    }

    /** Ends when the monitor is listening. */
    private async listen(pod: string): Promise<void> {
        const command = ["timeout", LONGEST_S, "cilium-dbg", "monitor", "--type=drop", "--numeric"];
        const where = [`--kubeconfig=${testSandbox.kubeconfig}`, "-n", "kube-system"];
        const child = execa(
            await ensureBinary("kubectl"),
            [...where, "exec", pod, "-c", "cilium-agent", "--", ...command],
            { buffer: false, reject: false, all: true, cancelSignal: this.abort.signal },
        );
        const lines = createInterface({ input: child.all });
        lines.on("line", (line) => {
            const packet = parseDrop(line);
            if (!packet) return;
            const { reason, fromIdentity: from, toIdentity: to, port } = packet;
            this.drops.push({ reason, from, to, port });
        });
        // Its greeting.
        await once(lines, "line");
    }
}
