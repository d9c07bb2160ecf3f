/**
 * Renders docs/troubleshooting.md from the doctor's checks and the troubles that they cannot see: `npm run -s reference`. A
 * unit test refuses a stale file.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { slug } from "github-slugger";
import { checks } from "../doctor/checks";
import { type Trouble, UNREADABLE } from "../doctor/checks/check";
import { repositoryRoot } from "../sandbox/host/paths";
import { GUIDES, REPORTS } from "./reports";
import { UNSEEN } from "./troubles";

interface Known extends Trouble {
    /** The check that finds it. */
    check?: string;
}

/** Every trouble, by its symptom. */
export function allTroubles(): Known[] {
    const seen = checks.flatMap(({ id, troubles }) =>
        troubles.map((trouble): Known => ({ ...trouble, check: id })),
    );
    const key = ({ symptom }: Known) => symptom.replaceAll(/[^a-z ]/gi, "").toLowerCase();
    return [...seen, UNREADABLE, ...UNSEEN].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The whole document. */
export function troubleshootingDocument(): string {
    const troubles = allTroubles();
    const { length: found } = troubles.filter(({ check }) => check !== undefined);
    return [
        "# Troubleshooting",
        "",
        "By symptom: what it means, and the cure. Generated from `doctor/checks/` and `docs/troubles.ts` by `npm run -s reference`.",
        `\`npx cilium-spire doctor [STACK]\` finds ${found} of these ${troubles.length} troubles by itself, on any cluster, and fills in every word in capitals;`,
        "`npx cilium-spire prove [STACK]` shows whether pods authenticate. `spire-server` and `spire-agent` stand for the programs in their pods:",
        "`kubectl -n spire-system exec spire-server-0 -c spire-server -- /opt/spire/bin/spire-server`.",
        "",
        "A note is told, and the cluster counts as healthy all the same.",
        "",
        "| symptom | trouble |",
        "| --- | --- |",
        ...troubles.map(({ id, symptom }) => `| ${symptom} | [${id}](#${slug(id)}) |`),
        ...troubles.flatMap(section),
        "",
        "## Reports",
        "",
        `What answers each of ${REPORTS.length} troubles that users have reported upstream, and of ${GUIDES.length} that guides to SPIRE with Cilium tell of.`,
        "",
        "| report | what | here |",
        "| --- | --- | --- |",
        ...[...REPORTS, ...GUIDES.map((each) => ({ ...each, from: `guide: ${each.from}` }))].map(
            ({ from, what, answers }) => `| ${from} | ${what} | ${answers.map(link).join(", ")} |`,
        ),
        "",
    ].join("\n");
}

function link(id: string): string {
    return `[${id}](#${slug(id)})`;
}

function section({ id, symptom, why, cure, check, note }: Known): string[] {
    const kind = note ? "a note" : "wrong";
    const finder = check === undefined ? "no check" : `\`--only ${check}\`, ${kind}`;
    return [
        "",
        `## ${id}`,
        "",
        `- **Symptom:** ${symptom}`,
        `- **Why it matters:** ${why}`,
        `- **Cure:** ${cure}.`,
        `- **Found by:** ${finder}.`,
    ];
}

if (require.main === module) {
    const file = join(repositoryRoot, "docs", "troubleshooting.md");
    writeFileSync(file, troubleshootingDocument());
}
