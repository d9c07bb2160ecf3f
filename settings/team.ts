/** What a team's own stack may register, and what it asks for: decoded and guarded before anything is written. */
import { z } from "zod";
import { ConfigError, shapeProblems } from "./decode";
import { describeIssues } from "./messages";
import { keyText, listText, shorten, valueText } from "./show";
import { distinct, dnsName, idPath, objectName } from "./words";
import { duplicates, K8S_SELECTOR } from "./workloadRules";
import { selector, workloadKey, workloadSchema, type WorkloadSettings } from "./workloads";

const nodes = z
    .strictObject({
        nodeLabels: workloadSchema.shape.parent.unwrap().options[0].shape.nodeLabels,
    })
    .default({ nodeLabels: {} })
    .describe("The nodes whose agents may issue the identity.");

/** Rights on SPIRE itself, and entries under others' aliases, are the platform's to give. */
const workload = workloadSchema.omit({ admin: true, downstream: true }).extend({ parent: nodes });

const NAMES = /\{\{(namespace|serviceAccount)\}\}/g;

const accounts = workload.extend({
    path: z
        .string()
        .default("/ns/{{namespace}}/sa/{{serviceAccount}}")
        .describe("Path of the SPIFFE IDs; the names of each account stand for the two words."),
    serviceAccounts: z
        .record(objectName, distinct(objectName).min(1, "names no service account; add one"))
        .describe("Service accounts by their namespace: an entry is made for each."),
    selectors: distinct(selector)
        .default([])
        .describe("Selectors besides those of namespace and service account."),
    dnsNames: distinct(z.string())
        .default([])
        .describe("DNS names, in which the two words stand for the names as well."),
});

export const teamSchema = z.strictObject({
    namespaces: distinct(objectName)
        .min(1, "names no namespace; add one")
        .describe("Namespaces whose pods the stack may register."),
    paths: distinct(idPath)
        .optional()
        .describe("Paths that SPIFFE IDs must be, or be below; `/ns/<namespace>` when absent."),
    workloads: z.record(workloadKey, workload).default({}).describe("Entries, by a key."),
    accounts: z
        .record(workloadKey, accounts)
        .default({})
        .describe(
            "Entries for service accounts that have all but their names in common, by a key.",
        ),
});

/** What a team's stack asks for, as it is written. */
export type TeamInput = z.input<typeof teamSchema>;
type Team = z.output<typeof teamSchema>;

/** A workload, and where in the team's configuration it comes from. */
interface Wanted {
    at: (key: string) => string;
    workload: WorkloadSettings;
}

/**
 * The workloads that a team asks for, by their key.
 *
 * @param platform namespaces that are nobody's but the platform's.
 * @throws ConfigError which lists all that is wrong, or is not the team's.
 */
export function decodeTeam(raw: unknown, platform: string[]): Record<string, WorkloadSettings> {
    refuse([...shapeProblems(raw)]);
    const decoded = teamSchema.safeParse(raw);
    if (!decoded.success) {
        const remedy = (key: string) => `add ${key.split(".").at(-1)!}`;
        throw wrong(describeIssues(decoded.error.issues, raw, { schema: teamSchema, remedy }));
    }
    const team = decoded.data;
    const wanted = [...written(team), ...expanded(team)];
    refuse([
        ...placeProblems(team, platform),
        ...wanted.flatMap(([, each]) => [...problems(each, team)]),
    ]);
    refuse([...keyProblems(wanted)]);
    refuse([...duplicates(wanted.map(([, { at, workload }]) => [at(""), workload]))]);
    return Object.fromEntries(wanted.map(([key, { workload }]) => [key, workload]));
}

function refuse(problems: string[]): void {
    if (problems.length > 0) throw wrong(problems);
}

function wrong(problems: string[]): ConfigError {
    return new ConfigError(
        `The team's registration is wrong; nothing was changed.${listText(problems, "")}`,
    );
}

type Keyed = [key: string, wanted: Wanted];

function* written({ workloads }: Team): Generator<Keyed> {
    for (const [key, workload] of Object.entries(workloads)) {
        yield [key, { at: placeIn("workloads", key), workload: { ...NO_RIGHTS, ...workload } }];
    }
}

const NO_RIGHTS = { admin: false, downstream: false };

/** An entry for each service account. A name has no "_", so no two make one key. */
function* expanded({ accounts }: Team): Generator<Keyed> {
    for (const [key, { serviceAccounts, selectors, ...rest }] of Object.entries(accounts)) {
        for (const [namespace, names] of Object.entries(serviceAccounts)) {
            for (const serviceAccount of names) {
                const fill = (text: string) =>
                    text.replace(
                        NAMES,
                        (_, word) => ({ namespace, serviceAccount })[word as "namespace"],
                    );
                const workload = {
                    ...{ ...NO_RIGHTS, ...rest },
                    path: fill(rest.path),
                    dnsNames: rest.dnsNames.map(fill),
                    selectors: [`k8s:ns:${namespace}`, `k8s:sa:${serviceAccount}`, ...selectors],
                };
                yield [
                    `${key}_${namespace}_${serviceAccount}`,
                    { at: placeIn("accounts", key), workload },
                ];
            }
        }
    }
}

function placeIn(group: string, key: string): (member: string) => string {
    return (member) => keyText([group, key, ...(member ? [member] : [])]);
}

function* placeProblems({ namespaces }: Team, platform: string[]): Generator<string> {
    const taken = namespaces.find((namespace) => platform.includes(namespace));
    if (taken !== undefined) {
        yield `namespaces: ${taken} is the platform's, whose pods hold the identities that all others depend on; remove it`;
    }
}

/** What is not the team's, or what SPIRE and its agents would make nothing of. */
function* problems({ at, workload }: Wanted, team: Team): Generator<string> {
    const { path, dnsNames, selectors } = workload;
    const badPath = workloadSchema.shape.path.safeParse(path).error;
    if (badPath) yield `${at("path")} = ${valueText(path)}: ${badPath.issues[0]!.message}`;
    const paths = team.paths ?? team.namespaces.map((namespace) => `/ns/${namespace}`);
    if (!badPath && !paths.some((own) => path === own || path.startsWith(`${own}/`))) {
        yield `${at("path")} = ${valueText(path)}: is none of this stack's paths (${paths.join(", ")}) and below none; choose one there, or have the platform add it to paths`;
    }
    const badName = dnsNames.find((name) => !dnsName.safeParse(name).success);
    if (badName !== undefined) {
        yield `${at("dnsNames")}: ${shorten(badName, 200)} is no DNS name; use one such as shop.example.org`;
    }
    const foreign = selectors.find((each) => !K8S_SELECTOR.test(each));
    if (foreign !== undefined) {
        yield `${at("selectors")}: ${shorten(foreign, 200)} is no selector of SPIRE's k8s attestor, which is all that a team can count on; use k8s:sa, k8s:pod-label:KEY:VALUE, k8s:container-name, ...`;
    }
    const pinned = selectors.filter((each) => each.startsWith("k8s:ns:"));
    const strange = pinned.find((each) => !team.namespaces.includes(each.slice("k8s:ns:".length)));
    if (strange !== undefined || pinned.length !== 1) {
        const what = strange === undefined ? `name ${pinned.length} namespaces` : `name ${strange}`;
        yield `${at("selectors")}: ${what}, and must name one of this stack's (${team.namespaces.join(", ")}); add k8s:ns with it and no other`;
    }
}

function* keyProblems(wanted: Keyed[]): Generator<string> {
    const seen = new Map<string, Wanted>();
    for (const [key, each] of wanted) {
        const twin = seen.get(key);
        if (twin)
            yield `${each.at("")}: makes the entry ${key}, as ${twin.at("")} does; rename one`;
        seen.set(key, each);
    }
}
