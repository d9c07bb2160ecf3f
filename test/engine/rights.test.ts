/**
 * The rights in rbac/ are enough and not too many: the real engine and the real doctor with each of them alone, on an API
 * server that writes down what it was asked for. No pod runs, so a command in one ends where the API server looks for its
 * node, which it does for those alone who may.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Cluster, SpireServer } from "@cilium-spire/entries-provider";
import * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation";
import { enterPulumi, openStack, platformProgram } from "../../automation/stack";
import { configurationOf, takeBackup } from "../../backup/take";
import { spirePlace } from "../../components/spire/place";
import { observe } from "../../doctor/traffic/observe";
import { examineUntilHealthy, patientOf, type Result } from "../../doctor/examination/examine";
import { knownStack } from "../../doctor/site";
import { settingsOfFile } from "../../doctor/stackFile";
import { mergeValues, type Values } from "../../settings/cilium/values";
import { type ApiServer, prepareProduction } from "../support/apiServer";
import { rulesOf } from "../support/rulesOf";
import { type AuditEvent, isDenied } from "../support/audit";
import { castPods, makeKinds } from "../support/cast";
import { playControllers } from "../support/controllers";
import { manifests, unusedRights } from "../support/rbac";
import { serverlessEntries, withoutGarbage } from "./transforms";
import { OPERATOR, OPTIONS, PARTS, PROOF } from "./parts";
import { type Engine, startEngine } from "./engine";
import { NO_NODE, prove, tryPolicies } from "./verbs";

const FILES = ["preview", "exec", "up", "prove", "doctor", "enforce"] as const;
type Holder = (typeof FILES)[number];

const STACK = "prod";
/** Where policies are tried. */
const SHOP = "shop";
const NAMESPACES = ["spire-server", "spire-agents", PROOF];
const OPERATION_DEADLINE_MS = 4 * 60_000;
const DENIED = /could not start .*: 403; give the user/;
/** What the doctor leaves out without doctor.yaml. */
const NOT_ALLOWED = /^not allowed: Kubernetes API 403: /;

const settings = settingsOfFile(`Pulumi.${STACK}.yaml`);
const { server } = spirePlace(settings.spire);

let engine: Engine;
let api: ApiServer;
let controllers: ReturnType<typeof playControllers>;

before(async () => {
    engine = await startEngine({ audit: true });
    api = engine.api;
    controllers = playControllers(new Cluster());
    await prepareProduction(api);
    for (const name of [PROOF, SHOP]) await api.kubectl(["create", "namespace", name]);
    await makeKinds(api);
    const objects = await Promise.all(FILES.map(manifests));
    await api.kubectl(["create", "-f", "-"], objects.flat());
});
after(async () => {
    await controllers.stop();
    await engine.stop();
});

test("up.yaml with preview.yaml is enough for an up", async () => {
    const { summary } = await (await stackAs("up")).up({ signal: patience() });
    assert.ok((summary.resourceChanges?.create ?? 0) > 40, JSON.stringify(summary));
});

test("preview.yaml is enough to see changes, and says what it cannot see without exec.yaml", async () => {
    await castPods(api, PARTS);
    // Of both kinds: an object that changes, and one that is new.
    const federation = { bundleEndpoint: { profile: "https_spiffe" } };
    const spire = { agent: { logLevel: "DEBUG" }, server: { federation } };
    const changes = { "cilium-spire:spire": spire };
    const { changeSummary, stdout, stderr } = await (
        await stackAs("preview", changes)
    ).preview({ signal: patience() });
    assert.ok((changeSummary.update ?? 0) >= 4, JSON.stringify(changeSummary));
    assert.ok((changeSummary.create ?? 0) >= 1, JSON.stringify(changeSummary));
    assert.match(stdout + stderr, /cannot see the entries on the SPIRE server: .*403/);
});

test("preview.yaml is enough for the doctor, except what only the SPIRE server knows", async () => {
    const cluster = await become("preview");
    const stack = knownStack(settings, { project: "cilium-spire", stack: STACK });
    const results = await examineUntilHealthy({ cluster, stack });
    const wrong = results.filter(({ verdict }) => verdict === "wrong");
    assert.deepEqual(
        wrong.flatMap(({ name, findings }) => [name, ...findings.map(({ trouble }) => trouble)]),
        ["SPIRE server", "server-exec-denied"],
    );
    for (const { findings } of wrong) assert.match(findings[0]!.what, DENIED);
    const isLeftOut = ({ verdict }: Result) => verdict === "left out";
    const leftOut = (why: RegExp) =>
        results.filter((r) => isLeftOut(r) && why.test(r.seen)).map(({ id }) => id);
    assert.deepEqual(leftOut(DENIED), [
        ...["nodes", "ca", "spire-agents", "entries", "delegates", "operator-identity"],
        ...["trust-domain", "identities"],
    ]);
    const extra = ["coverage", "operator-start", "cilium-start", "handshake", "policies", "logs"];
    assert.deepEqual(leftOut(NOT_ALLOWED), extra);
});

test("doctor.yaml with preview.yaml and exec.yaml is enough for all of the doctor, and observe", async () => {
    const cluster = await become("doctor");
    const stack = knownStack(settings, { project: "cilium-spire", stack: STACK });
    for (const examination of [{ cluster, stack }, { cluster }]) {
        const results = await examineUntilHealthy(examination);
        for (const { seen, findings } of results) {
            for (const text of [seen, ...findings.map(({ what }) => what)]) {
                // Not `403` alone: the port of the API server may have it.
                assert.doesNotMatch(text, / 403[:;] /);
            }
        }
    }
    const seen = observe(await patientOf({ cluster, stack }), { namespace: "none", seconds: 0 });
    await assert.rejects(seen, /namespace "none" has no pods that Cilium knows/);
});

test("preview.yaml lets nobody write anything, read a Secret or run a command", async () => {
    for (const namespace of ["default", "kube-system", ...NAMESPACES]) {
        const rules = await rulesOf(api, groupOf("preview"), namespace);
        assert.ok(rules.length > 0);
        const verbs = new Set(rules.flatMap((rule) => rule.verbs));
        assert.deepEqual(
            [...verbs].filter((verb) => !["get", "list", "watch"].includes(verb)),
            [],
        );
        const resources = rules.flatMap((rule) => rule.resources);
        assert.deepEqual(
            resources.filter((r) => /^secrets$|[*/]/.test(r)),
            [],
        );
    }
});

test("preview.yaml is enough for a backup and a restore, except the commands in the server's pod", async () => {
    const cluster = await become("preview");
    const { trustDomain, clusterName } = settings;
    const source = { cluster, trustDomain, spireServer: server, clusterName };
    await assert.rejects(
        takeBackup(source, () => undefined),
        DENIED,
    );
    assert.match((await configurationOf(source))!, /"trust_domain"/);
    assert.ok((await cluster.nodeHeaders()).length > 0);
});

test("exec.yaml lets in to the SPIRE server, and nowhere else", async () => {
    const cluster = await become("exec");
    const exec = async (namespace: string, pod: string, container: string) =>
        cluster.exec({ namespace, pod, container }, ["true"], { timeoutMs: 10_000 });
    for (const i of [0, 1, 2]) {
        await assert.rejects(exec("spire-server", `spire-server-${i}`, "spire-server"), NO_NODE);
    }
    await assert.rejects(exec("kube-system", "cilium-1", "cilium-agent"), DENIED);
});

test("up.yaml is enough to restart cilium-operator, and for a destroy", async () => {
    const cluster = await become("up");
    // As after entries that were written.
    await cluster.core.deleteNamespacedPod({ namespace: "kube-system", name: OPERATOR });
    await (await stackAs("up")).destroy({ signal: patience() });
    const kinds = "statefulset,daemonset,deployment,clusterrole,role,serviceaccount,csidriver";
    const left = await api.kubectl(["get", kinds, "-A", "-o", "name"]);
    assert.doesNotMatch(left, /\/(spire-|spiffe-csi|csi\.spiffe|cilium$|cilium-operator)/m);
});

test("prove.yaml with exec.yaml is enough for a proof", async () => {
    const cluster = await become("prove");
    const { trustDomain } = settings;
    await prove(cluster, api, { trustDomain, spireServer: server });
    assert.equal(await SpireServer.find(cluster, server, 0), undefined);
});

test("enforce.yaml is enough to try policies, to keep them and to take them back", async () => {
    await tryPolicies(await become("enforce"), SHOP);
});

for (const file of FILES) {
    test(`nothing is missing in ${file}.yaml, and everything in it is used`, async () => {
        const events = await api.audit(groupOf(file));
        const denied = events.filter((event) => isDenied(event) && !isExpected(file, event));
        assert.deepEqual(
            denied.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
            [],
        );
        assert.deepEqual(unusedRights(await manifests(file), events), []);
    });
}

/** Who has the rights of a file. */
function groupOf(holder: Holder): string {
    return `cilium-spire:${holder}`;
}

/** From now on this process is one of those who have the rights. */
async function become(holder: Holder): Promise<Cluster> {
    await enterPulumi({ ...engine.home, kubeconfig: await api.kubeconfigOf(groupOf(holder)) });
    return new Cluster();
}

/** The program with the configuration of the stack's file and some over it, in the hands of a holder of rights. */
async function stackAs(holder: Holder, config: Values = {}): Promise<Stack> {
    await become(holder);
    const program = await platformProgram({
        ...{ "cilium-spire:verify": false, "cilium-spire:protect": false },
        ...mergeValues(OPTIONS, config),
    });
    const run = async () => {
        pulumi.runtime.registerResourceTransform(withoutGarbage);
        // Writing entries takes a command in a pod.
        if (holder === "up") pulumi.runtime.registerResourceTransform(serverlessEntries);
        return await program.run();
    };
    return await openStack(engine.home, { ...program, run }, STACK);
}

/** A provider that may not watch what it waits for waits for ever; the audit then says what it was. */
const patience = () => AbortSignal.timeout(OPERATION_DEADLINE_MS);

/** Without the right to write, the provider computes by itself what a dry run would tell it. */
function isExpected(file: Holder, { requestURI, objectRef }: AuditEvent): boolean {
    if (objectRef?.subresource === "exec") return file === "preview" || file === "exec";
    if (file !== "preview") return false;
    if (requestURI.includes("dryRun=All")) return true;
    // In doctor.yaml: told as left out by who has preview.yaml alone.
    const { resource = "", namespace } = objectRef ?? {};
    if (resource === "pods" && namespace === "kube-system") return true;
    return /^cilium(clusterwide)?networkpolicies$/.test(resource);
}
