/**
 * Which blocks of commands are run. test/operations/17-pages.test.ts runs those of {@link PAGES}, each page in one shell, but for
 * what is in {@link NOT_RUN}; test/unit/docs/blocks.test.ts refuses a block that is in neither.
 */
import type { Instance } from "../../sandbox/host/instance";
import { blocksOf, read } from "./markdown";
import { secondSandbox, testSandbox } from "./sandbox";
import { type Step, stepsOf } from "./transcript";

/** A page whose blocks are run. */
export interface Page {
    file: string;
    /** What the reader puts in the place of words of the page. */
    words?: Record<string, string>;
    /** The one that the commands `sandbox` are for, when it is not that with the stack. */
    sandbox?: Instance;
}

/** Why a block is not run with its page. */
export interface Reason {
    why: string;
    /** The test that runs these commands, or sees what they do. */
    test?: string;
}

/** It has a test of its own, test/operations/16-tutorial.test.ts. */
export const TUTORIAL = "docs/tutorial.md";

/** In this order: the README makes the stack `mine`, and operations.md destroys it. */
export const PAGES: Page[] = [
    { file: "README.md" },
    { file: "docs/own-cluster.md" },
    { file: "docs/identities.md" },
    {
        file: "docs/prove.md",
        words: { "registry.example.org": "registry.k8s.io/e2e-test-images" },
    },
    { file: "docs/enforcement.md" },
    { file: "docs/observability.md", words: { AGENT: "ds/cilium" } },
    { file: "docs/policies.md" },
    { file: "docs/security.md" },
    { file: "docs/ci.md" },
    { file: "docs/backup.md" },
    { file: "docs/packages.md" },
    { file: "CONTRIBUTING.md" },
    { file: "docs/registration.md", words: { worker1: "precinct-99-worker" } },
    { file: "docs/operations.md" },
    { file: "docs/mirrors.md" },
    { file: "docs/gitops.md" },
    {
        file: "sandbox/README.md",
        words: {
            ...{ NODE: "precinct-99-worker", "CMD...": "ip address" },
            ...{ NAME: "precinct-99-worker3", "[PROGRAM...]": "etcd" },
            N: String(testSandbox.number),
        },
        sandbox: secondSandbox,
    },
];

const CLOUD: Reason = { why: "needs a cloud, or Docker" };

/** By page, and by words of the block's first line. */
export const NOT_RUN: Record<string, Record<string, Reason>> = {
    "CONTRIBUTING.md": {
        "make help": { why: "the tests themselves, of hours" },
        "npm run -s build": { why: "minutes, on a cluster of its own" },
        "make reference": {
            why: "installs npm's packages once more",
            test: "test/unit/docs/reference.test.ts",
        },
    },
    "README.md": {
        "make up": {
            why: "the tutorial begins and ends so",
            test: "test/operations/16-tutorial.test.ts",
        },
    },
    "docs/adopting.md": {
        "helm upgrade": {
            why: "needs a Cilium with its bundled SPIRE",
            test: "test/operations/57-bundled-spire.test.ts",
        },
    },
    "docs/backup.md": {
        "openssl req": {
            why: "asks for a pass phrase at the terminal",
            test: "test/operations/53-scheduled-backup.test.ts",
        },
        "apply -f spire-volumes.yaml": {
            why: "needs copies by the clock",
            test: "test/operations/53-scheduled-backup.test.ts",
        },
        "openssl cms": {
            why: "needs a copy by the clock",
            test: "test/operations/53-scheduled-backup.test.ts",
        },
        "--replicas=0": {
            why: "needs a copy by the clock",
            test: "test/operations/53-scheduled-backup.test.ts",
        },
        pg_restore: {
            why: "needs a PostgreSQL",
            test: "test/operations/54-database-backup.test.ts",
        },
    },
    "docs/enforcement.md": {
        "# the cluster of the stack": {
            why: "takes eleven minutes, and clients that are refused",
            test: "test/e2e/33-observe.test.ts",
        },
        "--dry-run": {
            why: "takes a quarter of an hour, and needs pods that send requests",
            test: "test/e2e/33-enforce.test.ts",
        },
    },
    "docs/fleet.md": {
        "fleet preview": { why: "needs three clusters", test: "test/e2e/34-fleet.test.ts" },
        "bundle show": { why: "needs two clusters", test: "test/e2e/34-fleet.test.ts" },
        "federation refresh": { why: "needs two clusters", test: "test/e2e/34-fleet.test.ts" },
    },
    "docs/mirrors.md": {
        "helm pull": { why: "needs a registry", test: "test/e2e/60-mirror.test.ts" },
        "crane copy": { why: "needs two registries", test: "test/e2e/60-mirror.test.ts" },
    },
    "docs/observability.md": {
        "--port-forward": {
            why: "needs Hubble's relay",
            test: "test/operations/15-hubble.test.ts",
        },
    },
    "docs/operations.md": {
        "spire()": {
            why: "waits for minutes between its lines",
            test: "test/operations/33-rotation.test.ts",
        },
    },
    "docs/own-cluster.md": {
        "kind create": CLOUD,
        "eksctl create": CLOUD,
        "gcloud container": CLOUD,
    },
    "docs/packages.md": {
        "gen-sdk": {
            why: "needs Pulumi's language host for Go; the schema that it reads has a test",
            test: "test/engine/package.test.ts",
        },
    },
    "docs/policy-pack.md": {
        "npm ci": {
            why: "needs a newer language host than the sandbox has",
            test: "test/engine/policy.test.ts",
        },
    },
    "examples/workload-mtls/README.md": {
        "docker build": {
            why: "needs Docker and a registry",
            test: "test/e2e/31-workload-mtls.test.ts",
        },
    },
    "package/README.md": {
        "npm install": { why: "is not published yet", test: "test/e2e/45-package.test.ts" },
    },
};

/** The words of {@link NOT_RUN} that fit a block of commands. */
export function reasonsFor(file: string, commands: string): string[] {
    const [line = ""] = commands.split("\n");
    return Object.keys(NOT_RUN[file] ?? {}).filter((words) => line.includes(words));
}

/** The blocks of a page that are run, as its reader types them. */
export function stepsToRun({ file, words = {} }: Page): Step[] {
    return stepsOf(file)
        .filter(({ commands }) => reasonsFor(file, commands).length === 0)
        .map((step) => ({ ...step, commands: replaceWords(step.commands, words) }));
}

/** Files that a page says to write: blocks that begin with a name in a comment. */
export function filesToWrite(file: string): [name: string, text: string][] {
    return blocksOf(file, read(file)).flatMap(({ text }) => {
        const name = /^# (\S+\.ya?ml)\b/.exec(text)?.[1];
        return name === undefined ? [] : [[name, text] as [string, string]];
    });
}

/** Words that stand alone: `NODE` is none of `$NODE` and `NODE_UID`. */
function replaceWords(text: string, words: Record<string, string>): string {
    return Object.entries(words).reduce((replaced, [word, by]) => {
        const literal = word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
        return replaced.replaceAll(new RegExp(`(?<![\\w$-])${literal}(?![\\w-])`, "g"), by);
    }, text);
}
