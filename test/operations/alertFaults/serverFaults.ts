/** Faults of the SPIRE server and of its agents. */
import { setTimeout } from "node:timers/promises";
import { kubectl as kubectlOf } from "../../../sandbox/controlPlane/kubectl";
import { nodeNamed } from "../../../sandbox/host/instance";
import { execNode } from "../../../sandbox/nodes/nodes";
import { kubectl, sandbox } from "../../support/world";
import type { LiveFault } from "./fault";

const WORKER = "precinct-99-worker2";
const SERVER_POD =
    "-n spire-system exec spire-server-0 -c spire-server -- /opt/spire/bin/spire-server";

export function withoutServer(): LiveFault {
    const scale = (replicas: number) =>
        kubectl(`-n spire-system scale statefulset/spire-server --replicas=${replicas}`);
    return {
        what: "the server is scaled to nothing",
        alerts: ["SPIREServerDown", "SPIREAgentUnhealthy"],
        make: () => scale(0),
        cure: async () => {
            await scale(1);
            await serverIsReady();
        },
    };
}

export function stoppedAgent(): LiveFault {
    return {
        what: "an agent's process is stopped",
        alerts: ["SPIREAgentUnhealthy"],
        make: () => signal(WORKER, "STOP", "spire-agent"),
        cure: () => signal(WORKER, "CONT", "spire-agent"),
    };
}

/** A table that is read all the time is gone. */
export function brokenDatabase(): LiveFault {
    return {
        what: "the table of entries is gone",
        alerts: ["SPIREDatastoreErrors"],
        make: () => sql("ALTER TABLE registered_entries RENAME TO gone"),
        cure: () => sql("ALTER TABLE gone RENAME TO registered_entries"),
    };
}

/** Where the server keeps its keys is a directory, which no file can replace. */
export function unwritableKeys(): LiveFault {
    const prepare = () =>
        kubectl(`${SERVER_POD} localauthority x509 prepare`).catch(() => undefined);
    return {
        what: "keys of a new CA cannot be kept",
        alerts: ["SPIRERotationFailure"],
        make: async () => {
            const file = await dataFile("keys.json");
            await onServerNode("mv", file, `${file}.gone`);
            await onServerNode("mkdir", file);
            await prepare();
            // The first failure is the first value of its series, in which Prometheus sees no increase.
            await setTimeout(5000);
            await prepare();
        },
        cure: async () => {
            const file = await dataFile("keys.json");
            await onServerNode("rmdir", file);
            await onServerNode("mv", `${file}.gone`, file);
            await prepare();
        },
    };
}

export function refusedWrite(): LiveFault {
    const words =
        "-parentID spiffe://demo.local/a -spiffeID spiffe://demo.local/b -selector k8s:ns:c";
    return {
        what: "an entry names a trust domain that the server does not know",
        alerts: ["SPIRERegistrationErrors"],
        make: () =>
            kubectl(`${SERVER_POD} entry create ${words} -federatesWith spiffe://nowhere`).catch(
                () => undefined,
            ),
        cure: () => Promise.resolve(),
    };
}

/** The server's CA has an hour, where the stack says that it has a day. */
export function shortCa(): LiveFault {
    const become = async (from: string, to: string) => {
        const get = "-n spire-system get configmap spire-server -o json";
        const text = (await kubectl(get)).replace(
            `\\"ca_ttl\\": \\"${from}\\"`,
            `\\"ca_ttl\\": \\"${to}\\"`,
        );
        await kubectlOf(sandbox, ["replace", "-f", "-"], { input: text });
        await kubectl("-n spire-system delete pod spire-server-0");
        await serverIsReady();
        const prepared = await kubectl(`${SERVER_POD} localauthority x509 prepare -output json`);
        const { prepared_authority } = JSON.parse(prepared) as {
            prepared_authority: { authority_id: string };
        };
        await kubectl(
            `${SERVER_POD} localauthority x509 activate -authorityID ${prepared_authority.authority_id}`,
        );
    };
    return {
        what: "the CA lives for an hour only",
        alerts: ["SPIRETrustBundleExpiringSoon"],
        make: () => become("24h", "1h"),
        cure: () => become("1h", "24h"),
    };
}

async function serverIsReady(): Promise<void> {
    await kubectl("-n spire-system rollout status statefulset/spire-server --timeout=180s");
}

async function serverNode(): Promise<string> {
    return await kubectl("-n spire-system get pod spire-server-0 -o jsonpath={.spec.nodeName}");
}

/** Sends a signal to all processes of a program on a node, which has a PID namespace of its own. */
async function signal(node: string, name: string, program: string): Promise<void> {
    await execNode(nodeNamed(sandbox, node), ["pkill", `-${name}`, "-x", program]);
}

/** Changes the server's database. */
async function sql(statement: string): Promise<void> {
    const script =
        "new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec(process.argv[2])";
    const file = await dataFile("datastore.sqlite3");
    await onServerNode(process.execPath, "-e", script, file, statement);
}

/** Where the server's node has a file of the server's volume. */
async function dataFile(name: string): Promise<string> {
    const claim = "-n spire-system get pvc data-spire-server-0 -o jsonpath={.spec.volumeName}";
    const path = "jsonpath={.spec.local.path}{.spec.hostPath.path}";
    return `${await kubectl(`get pv ${await kubectl(claim)} -o ${path}`)}/${name}`;
}

async function onServerNode(...command: string[]): Promise<void> {
    await execNode(nodeNamed(sandbox, await serverNode()), command);
}
