/** The pods of examples/workload-mtls: what they have written, and what a process beside them is answered. */
import { join } from "node:path";
import { parse } from "yaml";
import { kubectl as kubectlOf } from "../../sandbox/controlPlane/kubectl";
import { repositoryRoot } from "../../sandbox/host/paths";
import type { Values } from "../../settings/cilium/values";
import { blocksOf, read } from "./markdown";
import { testSandbox } from "./sandbox";

const NAMESPACE = "workload-mtls";
const README = "examples/workload-mtls/README.md";
export const MANIFEST = join(repositoryRoot, "examples", "workload-mtls", "kubernetes.yaml");

export type App = "server" | "client";

/** A line of a program's log. */
export interface Event {
    event: string;
    reason?: string;
    line?: number;
    connection?: number;
    serial?: string;
    /** Of `connected`: of the two certificates. Of `accepted`, whose `client` is an ID, there is none. */
    server?: { serial: string };
    client?: { serial: string } | string;
}

/** A certificate to come with, in PEM, instead of the pod's own. */
export interface Presented {
    chain: string;
    key: string;
}

/** The registration entries as the README has them. */
export function documentedConfig(): Values {
    const [config] = blocksOf(README, read(README)).filter(({ language }) => language === "yaml");
    return (parse(config!.text) as { config: Values }).config;
}

/** The Service of the OIDC discovery provider, by the name that its certificate has. */
export const OIDC_HOST = "spire-oidc-discovery-provider.spire-system.svc";
export const OIDC_SECRET = "oidc-tls";
/** Seconds that the client's tokens are valid. */
export const TOKEN_LIFE = 10;

/** The documented entries, with tokens that expire soon, and where their keys are to be found. */
export function withTokens(config: Values): Values {
    const entries = config["cilium-spire:workloads"] as Record<string, Values>;
    const client = { ...entries["mtls-client"], jwtSvidTtl: `${TOKEN_LIFE}s` };
    const oidcDiscoveryProvider = {
        domain: OIDC_HOST,
        certificate: { name: OIDC_SECRET },
        replicas: 1,
    };
    return {
        ...config,
        "cilium-spire:workloads": { ...entries, "mtls-client": client },
        "cilium-spire:spire": { oidcDiscoveryProvider },
    };
}

export async function inNamespace(...args: string[]): Promise<string> {
    return await kubectlOf(testSandbox, ["-n", NAMESPACE, ...args], { timeoutMs: 180_000 });
}

/** What a program has written, from its start. */
export async function eventsOf(app: App): Promise<Event[]> {
    const text = await inNamespace("logs", `deployment/${app}`, "--tail=-1");
    return text
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Event);
}

/**
 * Runs in a pod and connects to the server: `own` with the identity that the Workload API gives the pod, `expired` with the same
 * once it has expired, `none` without a certificate, `plain` without TLS; otherwise with the certificate in the argument.
 */
const PROBE = `
// These names are global: none may be one that others use.
const timers = require("node:timers/promises");
const { identities } = require("/app/dist/workloadApi.js");
const { connect } = require("/app/dist/mtls.js");
const { parseSpiffeId } = require("/app/dist/spiffeId.js");

const [, how, expected] = process.argv;
const address = { host: "server", port: 9999 };

async function open() {
    if (how === "plain") return require("node:net").connect(address);
    if (how === "none") return require("node:tls").connect({ ...address, rejectUnauthorized: false });
    const first = await identities(process.env.SPIFFE_ENDPOINT_SOCKET, console.error).next();
    const own = first.value;
    if (how === "expired") await timers.setTimeout(own.certificate.validToDate - Date.now() + 1000);
    const other = how.startsWith("{") ? JSON.parse(how) : {};
    return await connect({ ...own, ...other }, address, parseSpiffeId(expected));
}

open()
    .then(async (socket) => {
        socket.on("error", () => undefined);
        const outcome = new Promise((resolve) => {
            socket.once("data", (data) => resolve("answered: " + data));
            socket.once("close", () => resolve("closed"));
        });
        socket.write("GET / HTTP/1.1\\n");
        console.log(await outcome);
    })
    .catch((error) => console.log(error.message))
    .finally(() => process.exit());
`;

/** Runs in a pod: `fetch AUDIENCE`, or `verify TOKEN ISSUER AUDIENCE CA`, where the CA is the issuer's. */
const TOKENS = `
const tls = require("node:tls");
const { fetchToken, verifyToken } = require("/app/dist/jwt.js");
const [, what, ...args] = process.argv;

async function answer() {
    if (what === "fetch") return await fetchToken(process.env.SPIFFE_ENDPOINT_SOCKET, args[0]);
    const [token, issuer, audience, ca] = args;
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), ca]);
    return (await verifyToken(token, issuer, audience)).uri;
}

answer()
    .then(console.log, (error) => console.log("refused: " + (error.code ?? error.message)))
    .finally(() => process.exit());
`;

/** What a process beside a program is given or told of a token. */
export async function tokens(
    of: App,
    what: "fetch" | "verify",
    ...args: string[]
): Promise<string> {
    const words = ["exec", `deployment/${of}`, "--", "node", "-e", TOKENS, what, ...args];
    return (await inNamespace(...words)).trim();
}

/**
 * Connects to the server from within a pod.
 *
 * @param expected the SPIFFE ID that the server has to have.
 * @returns what came of it: `closed`, `answered: ...`, or why the pod refused the server.
 */
export async function probe(
    from: App,
    how: "own" | "expired" | "none" | "plain" | Presented,
    expected: string,
): Promise<string> {
    const text = typeof how === "string" ? how : JSON.stringify(how);
    const words = ["exec", `deployment/${from}`, "--", "node", "-e", PROBE, text, expected];
    return (await inNamespace(...words)).trim();
}
