/** A cluster in memory with a SPIRE server on it, as far as the entries' provider looks; each part can be made to fail. */
import { beforeEach } from "node:test";
import { type Entry, fromShown } from "@cilium-spire/entries-provider";
import {
    type Asked,
    type ExecAnswer,
    type FakeCluster,
    pageOf,
    Reply,
    useFakeCluster,
} from "./fakeCluster";
import { FakeFederation } from "./fakeFederation";

export interface FakeNode {
    uid: string;
    labels?: Record<string, string>;
    notReady?: string;
    /** The DaemonSet has no pod for it. */
    podless?: true;
}

interface FakeAgent {
    banned?: boolean;
    /** Unix time in seconds. */
    x509svid_expires_at: string;
}

/** As `entry create -data` reads it. */
interface Data extends Record<string, unknown> {
    entry_id: string;
    spiffe_id: string;
    parent_id: string;
    selectors: { type: string; value: string }[];
    entryExpiry: number;
}

/** What a test makes of a request, `GET /api/v1/nodes`, or a command, `entry show`; undefined: what is usual. */
export type Interference = (what: string) => ExecAnswer | Reply | object | undefined;

const AGENTS = "spiffe://demo.local/spire/agent/k8s_psat/precinct-99/";
const SPIRE = "namespaces/spire-system";

export class FakeSpire {
    /** By name. */
    nodes: Record<string, FakeNode> = {};
    /** Pods that the DaemonSet's controller wants; one for each node when absent. */
    desired?: number;
    /** By UID of the node. */
    agents = new Map<string, FakeAgent>();
    /** By ID, as the server was given them. */
    data = new Map<string, Data>();
    /** What it knows of trust domains. */
    federation = new FakeFederation();
    operatorRestarts = 0;
    /** All that was run in the server's pod, word by word. */
    commands: string[][] = [];
    /** Sizes of what was written, in entries. */
    batches: number[] = [];
    interfere: Interference = () => undefined;
    private operator = 1;

    /** A Ready node whose agent has attested. */
    join(name: string, more: Partial<FakeNode> = {}): void {
        const uid = more.uid ?? `uid-${name}`;
        this.nodes[name] = { ...more, uid };
        this.attest(name);
    }

    attest(name: string, seconds = 3600): void {
        const expires = String(Math.floor(Date.now() / 1000) + seconds);
        this.agents.set(this.nodes[name]!.uid, { x509svid_expires_at: expires });
    }

    get entries(): Entry[] {
        return [...this.data.values()].map((data) => fromShown(shown(data)));
    }

    /** Last two segments of the IDs of all entries, sorted. */
    get roles(): string[] {
        return [...this.data.keys()].map((id) => id.split(".").slice(-2).join("/")).sort();
    }

    /** Is what KUBECONFIG leads to, while the tests of the file run. */
    use(): FakeCluster {
        return useFakeCluster(
            (path, asked) => this.answer(path, asked),
            (command, stdin) => {
                this.commands.push(command);
                return this.exec(command, stdin);
            },
        );
    }

    /** As {@link use}, for tests each of which begins with two nodes, `a` and `b`, whose agents have attested. */
    static anew(): FakeSpire {
        const spire = new FakeSpire();
        spire.use();
        beforeEach(() => {
            Object.assign(spire, new FakeSpire());
            spire.join("a");
            spire.join("b");
        });
        return spire;
    }

    private answer(path: string, asked: Asked): object | undefined {
        const { method } = asked;
        const interfered = this.interfere(`${method} ${path}`);
        if (interfered) return interfered;
        const deployment = "/apis/apps/v1/namespaces/kube-system/deployments/cilium-operator";
        switch (`${method} ${path}`) {
            case "GET /api/v1/nodes":
                return pageOf(Object.entries(this.nodes).map(nodeObject), asked);
            case `GET /apis/apps/v1/${SPIRE}/daemonsets/spire-agent`: {
                const count = this.desired ?? Object.keys(this.nodes).length;
                return { ...selecting("agent"), status: { desiredNumberScheduled: count } };
            }
            case `GET /apis/apps/v1/${SPIRE}/statefulsets/spire-server`:
                return selecting("server");
            case `GET ${deployment}`:
                return { ...selecting("operator"), metadata: { uid: "deployment" } };
            case "GET /apis/apps/v1/namespaces/kube-system/replicasets": {
                const metadata = { uid: "replicas", ownerReferences: controlledBy("deployment") };
                return { items: [{ metadata }] };
            }
            case `GET /api/v1/${SPIRE}/pods`:
                // Agents and server: nobody selects by what the label says.
                return { items: [pod("spire-server-0", "spire-system"), ...this.agentPods()] };
            case "GET /api/v1/namespaces/kube-system/pods":
                return { items: [this.operatorPod()] };
            case `DELETE /api/v1/namespaces/kube-system/pods/operator-${this.operator}`:
                this.operator++;
                this.operatorRestarts++;
                return {};
        }
        return undefined;
    }

    private exec([, object, verb, ...options]: string[], stdin: string): ExecAnswer | Reply {
        const command = `${object} ${verb}`;
        const answered = this.interfere(command) ?? this.federation.exec(command, options, stdin);
        if (answered) return answered;
        switch (command) {
            case "--version undefined":
                return { stderr: "1.13.3\n" };
            case "agent ban":
                this.agents.get(options[1]!.slice(AGENTS.length))!.banned = true;
                return printed({});
            case "agent list":
                return printed({
                    agents: [...this.agents].map(([uid, agent]) => ({
                        id: idJson(`${AGENTS}${uid}`),
                        ...agent,
                    })),
                });
            case "agent evict": {
                const known = this.agents.delete(options[1]!.slice(AGENTS.length));
                const unknown = "Error: rpc error: code = NotFound desc = agent not found";
                return known ? printed({}) : { code: 1, stderr: unknown };
            }
            case "bundle show":
                return { code: 1, stderr: "Error: none was given" };
            case "entry show":
                return printed({ entries: [...this.data.values()].map(shown) });
            case "entry delete": {
                const { ids } = JSON.parse(stdin) as { ids: string[] };
                return results(ids.map((id) => (this.data.delete(id) ? 0 : 5)));
            }
        }
        const { entries } = JSON.parse(stdin) as { entries: Data[] };
        this.batches.push(entries.length);
        return results(
            entries.map((entry) => {
                if (verb === "create" && this.data.has(entry.entry_id)) return 6;
                this.data.set(entry.entry_id, entry);
                return 0;
            }),
        );
    }

    private agentPods(): object[] {
        const hosts = Object.entries(this.nodes).filter(([, node]) => !node.podless);
        return hosts.map(([name]) => pod(`agent-${name}`, "spire-system", name));
    }

    /** Runs on the first node. */
    private operatorPod(): object {
        const [host] = Object.keys(this.nodes);
        const { metadata, ...rest } = pod(`operator-${this.operator}`, "kube-system", host);
        return { ...rest, metadata: { ...metadata, ownerReferences: controlledBy("replicas") } };
    }
}

function nodeObject([name, { uid, labels, notReady }]: [string, FakeNode]): object {
    const ready =
        notReady === undefined ? { status: "True" } : { status: "Unknown", message: notReady };
    return {
        metadata: { name, uid, labels },
        status: { conditions: [{ type: "Ready", ...ready }] },
    };
}

function pod(name: string, namespace: string, nodeName?: string) {
    return {
        metadata: { name, namespace, uid: `uid-of-${name}` },
        spec: { nodeName },
        status: { conditions: [{ type: "Ready", status: "True" }] },
    };
}

function controlledBy(uid: string): object[] {
    return [{ uid, controller: true }];
}

function selecting(app: string): object {
    return { spec: { selector: { matchLabels: { app } } } };
}

function printed(output: object): ExecAnswer {
    return { stdout: JSON.stringify(output) };
}

function results(codes: number[]): ExecAnswer {
    return printed({ results: codes.map((code) => ({ status: { code, message: String(code) } })) });
}

function idJson(spiffeId: string): { trust_domain: string; path: string } {
    const { host, pathname } = new URL(spiffeId);
    return { trust_domain: host, path: pathname };
}

function shown(data: Data): Parameters<typeof fromShown>[0] {
    const { entry_id: id, spiffe_id, parent_id, ...rest } = data;
    return {
        ...rest,
        expires_at: String(data.entryExpiry),
        id,
        spiffe_id: idJson(spiffe_id),
        parent_id: idJson(parent_id),
    };
}

/** The answer of an API server that refuses or fails. */
export function refusal(code: number, message: string): Reply {
    return new Reply(code, { kind: "Status", message, code });
}
