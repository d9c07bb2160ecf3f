/** Which versions run, and whether they go together. */
import { AGENT_NAME, CILIUM } from "../../components/names";
import { ciliumVersionWarnings, unsupportedCilium } from "../../versions/cilium";
import { imageVersion } from "../../versions/imageVersion";
import { unsupportedSpire } from "../../versions/spire";
import { skewProblem } from "../../versions/spireUpgrade";
import { LeftOut } from "../leftOut";
import { type Check, type Finding, found, type Trouble } from "./check";

const SKEW: Trouble = {
    id: "version-skew",
    symptom: "After an upgrade of SPIRE, agents do not attest or do not synchronise.",
    why: "SPIRE's agents may be as old as the server or one minor release older, never newer (spire doc/upgrading.md).",
    cure: "bring both to one version: `spire.version` without `spire.agent.version`, then `pulumi up`",
};
const UNSUPPORTED: Trouble = {
    id: "version-unsupported",
    symptom:
        "Configuration keys are refused, or the doctor finds what does not fit, on releases that it does not know.",
    why: "What the doctor knows of configuration and logs was read in the supported releases.",
    cure: "change to a supported release; docs/reference.md has them",
    note: true,
};
const ADVISED: Trouble = {
    id: "version-advice",
    symptom:
        "Cilium's agents crash while certificates rotate, or a security advisory names this release.",
    why: "A release with a known fault in mutual authentication runs.",
    cure: "upgrade as the finding says",
    note: true,
};

const versions: Check = {
    id: "versions",
    name: "versions",
    troubles: [SKEW, UNSUPPORTED, ADVISED],
    run: async (patient) => {
        const { namespace, server, agents } = patient.site;
        const [serverSet, agentSet, ciliumSet] = await Promise.all([
            server && patient.serverSet(),
            agents && patient.agentSet(),
            patient.ciliumSet(),
        ]);
        type Workload = typeof serverSet | typeof ciliumSet;
        const versionOf = (workload: Workload, container: string) => {
            const all = workload?.spec?.template.spec?.containers ?? [];
            const image = (all.find(({ name }) => name === container) ?? all[0])?.image;
            return imageVersion(image ?? "");
        };
        const running = {
            "SPIRE server": server && versionOf(serverSet, server.container),
            "SPIRE agents": versionOf(agentSet, AGENT_NAME),
            Cilium: versionOf(ciliumSet, CILIUM.agentContainer),
        };
        const known = Object.entries(running).filter(([, version]) => version !== undefined);
        if (known.length === 0) throw new LeftOut("no image has a version as its tag");
        const findings: Finding[] = [];
        const spireServer = running["SPIRE server"];
        const spireAgents = running["SPIRE agents"];
        if (spireServer !== undefined) {
            const where = `StatefulSet ${server!.namespace}/${server!.statefulSet}`;
            const problem = unsupportedSpire(spireServer);
            if (problem !== undefined) findings.push(found(UNSUPPORTED, where, problem));
        }
        if (spireServer !== undefined && spireAgents !== undefined) {
            const where = `DaemonSet ${agents!.namespace}/${agents!.daemonSet}`;
            const problem = skewProblem(spireServer, spireAgents);
            if (problem !== undefined) findings.push(found(SKEW, where, problem));
        }
        if (running.Cilium !== undefined) {
            const where = `DaemonSet ${namespace}/${CILIUM.agentDaemonSet}`;
            const problem = unsupportedCilium(running.Cilium);
            if (problem !== undefined) findings.push(found(UNSUPPORTED, where, problem));
            else {
                const advice = ciliumVersionWarnings(running.Cilium);
                findings.push(...advice.map((text) => found(ADVISED, where, text)));
            }
        }
        return { seen: known.map((pair) => pair.join(" ")).join(", "), findings };
    },
};

export const versionChecks = [versions];
