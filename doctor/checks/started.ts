/** What Cilium's pods were started with. They read its ConfigMap once: what it says now may be in force nowhere. */
import { isReady, type V1Pod } from "@cilium-spire/entries-provider";
import { ciliumArgs } from "../../components/cilium/args";
import { meshAuthConfig } from "../../components/cilium/meshAuthConfig";
import { CILIUM } from "../../components/names";
import { LeftOut } from "../leftOut";
import type { Patient } from "../patient";
import { type Check, found, type Trouble } from "./check";
import { incompleteConfig } from "./cilium";
import { inAgent, MOST_NODES } from "./handshake";
import { firstLines } from "./podLog";

const OPERATOR: Trouble = {
    id: "operator-outdated",
    symptom:
        "Authentication is on in Cilium's ConfigMap, yet SPIRE gets no `/identity/` entries, or policies are `VALID False` with `mutual auth feature is disabled`.",
    why: "cilium-operator reads its configuration when it starts, and goes on with what was there then.",
    cure: "let it start anew: `kubectl -n NAMESPACE delete pod -l io.cilium/app=operator`",
};
const AGENTS: Trouble = {
    id: "cilium-agents-outdated",
    symptom:
        "Authentication is on in Cilium's ConfigMap, yet on some nodes `mode: required` has no effect or blocks all.",
    why: "Cilium's agents read their configuration when they start, and go on with what was there then.",
    cure: "let them start anew: `kubectl -n NAMESPACE rollout restart daemonset/cilium`, which is done when `kubectl -n NAMESPACE rollout status daemonset/cilium` says so; where a CiliumNodeConfig has such a key, change it there",
};

/** A line of the first ones that the operator writes, one per option (cilium pkg/option, LogRegisteredOptions; 1.15 to 1.20). */
const OPTION = /--(mesh-auth-[a-z-]+)='([^']*)'/;

/** Where the agents have it: one file per key. An init container copies the ConfigMap there when the pod starts (1.13 on). */
const CONFIG_DIR = /^--config-dir=(.+)$/;
const SCRIPT = `
cd "$1" || exit 0
for file in mesh-auth-*; do [ -e "$file" ] && printf '%s=%s\\n' "$file" "$(<"$file")"; done
exit 0
`;

const NOT_RIGHT = "Cilium's ConfigMap is not as it should be";

const operator: Check = {
    id: "operator-start",
    name: "what the operator started with",
    troubles: [OPERATOR],
    extra: true,
    run: async (patient) => {
        const { namespace } = patient.site;
        const container = CILIUM.operatorContainer;
        const [config, pods] = await Promise.all([configOf(patient), patient.operatorPods()]);
        if (config.length === 0) throw new LeftOut(NOT_RIGHT);
        const logs = pods
            .filter((pod) => isReady(pod) && !pod.metadata?.deletionTimestamp)
            .map(async (pod) => {
                const lines = await firstLines(patient.cluster, pod, container);
                const options = lines.flatMap((line) => [OPTION.exec(line) ?? []]);
                const started = new Map(options.map(([, key = "", value = ""]) => [key, value]));
                // Of a key that is not among them nothing is known.
                const logged = config.filter(([key]) => started.has(key));
                return { known: logged.length > 0, differences: differences(logged, started) };
            });
        const read = await Promise.all(logs);
        if (!read.some(({ known }) => known)) {
            throw new LeftOut("no log of cilium-operator has its beginning any more");
        }
        const all = new Set(read.flatMap((log) => log.differences));
        const where = `Deployment ${namespace}/${CILIUM.operatorDeployment}`;
        const what = [...all].join("; ");
        const findings = what ? [found(OPERATOR, where, what, { NAMESPACE: namespace })] : [];
        return { seen: "as its ConfigMap says", findings };
    },
};

const agents: Check = {
    id: "cilium-start",
    name: "what Cilium's agents started with",
    troubles: [AGENTS],
    extra: true,
    run: async (patient) => {
        const { namespace } = patient.site;
        const [config, pods] = await Promise.all([configOf(patient), patient.ciliumPods()]);
        if (config.length === 0) throw new LeftOut(NOT_RIGHT);
        const nodes = new Map<string, string[]>();
        let known = 0;
        const look = async (pod: V1Pod) => {
            const dir = copiedTo(pod);
            const output = dir === undefined ? "" : await inAgent(patient, pod, SCRIPT, [dir]);
            if (output === "") return;
            known++;
            const lines = output.trimEnd().split("\n");
            const started = new Map(
                lines.map((line) => {
                    const at = line.indexOf("=");
                    return [line.slice(0, at), line.slice(at + 1)];
                }),
            );
            for (const difference of differences(config, started)) {
                const others = nodes.get(difference) ?? [];
                nodes.set(difference, [...others, pod.spec?.nodeName ?? ""]);
            }
        };
        await Promise.all(pods.filter(isReady).slice(0, MOST_NODES).map(look));
        if (known === 0) throw new LeftOut("no agent of Cilium has a copy of what it started with");
        const where = `DaemonSet ${namespace}/${CILIUM.agentDaemonSet}`;
        const what = [...nodes]
            .map(([difference, names]) => `${difference} on ${names.sort().join(", ")}`)
            .join("; ");
        const findings = what ? [found(AGENTS, where, what, { NAMESPACE: namespace })] : [];
        return { seen: `as their ConfigMap says, on ${known} nodes`, findings };
    },
};

/**
 * The keys of the ConfigMap that pods are to have started with. What is wrong there is left out, and another check's
 * finding: a restart would make it worse.
 */
async function configOf(patient: Patient): Promise<[string, string][]> {
    const { stack } = patient;
    const data = (await patient.ciliumConfig()) ?? {};
    if (!stack && incompleteConfig(data).length > 0) return [];
    const wanted = stack && meshAuthConfig(ciliumArgs(stack.settings));
    return Object.entries(data).filter(([key, value]) =>
        wanted ? wanted[key] === value : key.startsWith("mesh-auth-"),
    );
}

function differences(config: [string, string][], started: Map<string, string>): string[] {
    return config
        .filter(([key, value]) => started.get(key) !== value)
        .map(([key, value]) => {
            const old = started.get(key);
            const then = old === undefined ? "was not set" : `was "${old}"`;
            return `${key} is "${value}" and ${then} when it started`;
        });
}

/** The directory with the copy; undefined where the ConfigMap itself is mounted, which changes while the agent runs. */
function copiedTo({ spec }: V1Pod): string | undefined {
    const agent = spec?.containers.find(({ name }) => name === CILIUM.agentContainer);
    const [dir] = (agent?.args ?? []).flatMap((arg) => CONFIG_DIR.exec(arg)?.[1] ?? []);
    const mount = agent?.volumeMounts?.find(({ mountPath }) => mountPath === dir);
    const volume = spec?.volumes?.find(({ name }) => name === mount?.name);
    return volume?.configMap ? undefined : dir;
}

export const startedChecks = [operator, agents];
