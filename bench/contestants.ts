/** Ways to a cluster whose pods authenticate each other. */
import * as k8s from "@pulumi/kubernetes";
import { LocalWorkspace, type PulumiFn, type Stack } from "@pulumi/pulumi/automation";
import {
    BUNDLED_NAMESPACE,
    BUNDLED_TRUST_DOMAIN,
    bundledRolledOut,
    withBundledSpire,
} from "../automation/bundledSpire";
import { devConfig } from "../automation/devConfig";
import { helm, releaseValuesOf } from "../automation/helm";
import { openStack, platformProgram, pulumiHome } from "../automation/stack";
import { clusterProvider } from "../components/clusterProvider";
import { Agent } from "../components/spire/agent";
import { agentArgs, serverArgs } from "../components/spire/args";
import { spireNamespaces } from "../components/spire/namespaces";
import { Server } from "../components/spire/server";
import type { ImageSpec } from "../sandbox/build/images";
import {
    BUNDLED_SPIRE_SPECS,
    CONTROLLER_MANAGER_SPECS,
    WORKLOAD_MTLS_SPECS,
} from "../sandbox/build/testImages";
import { wantedVersions } from "../sandbox/build/versions";
import type { Instance } from "../sandbox/host/instance";
import { mergeValues, type Values } from "../settings/cilium/values";
import { decodeSettings } from "../settings/decode";
import { installsSpire } from "../settings/schema";
import { CiliumPeers, type Peers } from "./peers";
import { CLUSTER_SPIFFE_ID, TlsPeers } from "./tlsPeers";

export interface Contestant {
    who: string;
    /** Of its SPIRE server. */
    namespace: string;
    /** What its pods run, beside the images that nodes have. */
    images: readonly ImageSpec[];
    /** From a cluster without a network to one that authenticates. */
    install: (target: Instance) => Promise<void>;
    /** New ones, to be made once. */
    peers: (target: Instance) => Peers;
    /** Where a node that joins gets its entries by an `up`: that one, and the one after which none is needed. */
    ups?: {
        forNewNode: (target: Instance) => Promise<void>;
        last: (target: Instance) => Promise<void>;
    };
}

const TRUST_DOMAIN = "demo.local";
const NAMESPACE = "spire-system";
const BY_ALIAS: Values = { "cilium-spire:registration": { strategy: "nodeAlias" } };

export const CONTESTANTS: Contestant[] = [
    {
        ...{ who: "this program", namespace: NAMESPACE, images: [] },
        install: up,
        peers: (target) => new CiliumPeers(target, TRUST_DOMAIN),
        ups: { forNewNode: up, last: (target) => up(target, BY_ALIAS) },
    },
    {
        ...{ who: "Cilium's bundled SPIRE", namespace: BUNDLED_NAMESPACE },
        images: BUNDLED_SPIRE_SPECS,
        install: async (target) => {
            await helm("install", { ...(await release()), authentication: withBundledSpire() });
            await bundledRolledOut(target);
        },
        peers: (target) => new CiliumPeers(target, BUNDLED_TRUST_DOMAIN),
    },
    {
        ...{ who: "SPIRE, mutual TLS in the pods", namespace: NAMESPACE },
        images: [...CONTROLLER_MANAGER_SPECS, ...WORKLOAD_MTLS_SPECS],
        install: async () => {
            await helm("install", { ...(await release()), authentication: { enabled: false } });
            await (await spireAlone()).up();
        },
        peers: (target) => new TlsPeers(target),
    },
];

async function up(target: Instance, overrides: Values = {}): Promise<void> {
    const program = await platformProgram(overrides);
    await (await openStack(pulumiHome(target), program, "dev")).up();
}

/** SPIRE from this program's components, and its controller manager, which writes an entry for every pod of the example. */
async function spireAlone(): Promise<Stack> {
    const settings = decodeSettings(await settingsOfDev(), "");
    const program: PulumiFn = () => {
        if (!installsSpire(settings)) throw new Error("the stack dev does not install SPIRE");
        const provider = clusterProvider("cluster", settings);
        const namespaces = spireNamespaces(settings.spire, { provider });
        const opts = { provider, dependsOn: namespaces };
        const server = new Server("spire", serverArgs(settings), opts);
        new Agent("spire", agentArgs(settings), { provider, dependsOn: server });
        new k8s.apiextensions.CustomResource("pods", CLUSTER_SPIFFE_ID, {
            ...{ provider, dependsOn: server },
        });
        return Promise.resolve();
    };
    const names = { projectName: "bench-spire", stackName: "bench" };
    return await LocalWorkspace.createOrSelectStack({ ...names, program });
}

/** The settings of the stack `dev`, with the controller manager. */
async function settingsOfDev(): Promise<Values> {
    const keys = Object.entries(await devConfig()).map(([key, value]) => [
        key.split(":")[1]!,
        value,
    ]);
    const spire = { version: wantedVersions().spire, controllerManager: {} };
    return mergeValues(Object.fromEntries(keys) as Values, { spire });
}

/** Values of Cilium's chart that are the same for all. */
async function release(): Promise<Values> {
    return releaseValuesOf((await devConfig())["cilium-spire:cilium"]!);
}
