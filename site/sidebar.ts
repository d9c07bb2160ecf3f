/** The pages of the site, in the order in which a reader needs them. */

/** A page, by the path of its Markdown from the repository's root. */
export interface Page {
    text: string;
    file: string;
}

export interface Group {
    text: string;
    pages: readonly Page[];
}

/** Of README.md, which is the first page. */
export const HOME = "README.md";

const page = (text: string, file: string): Page => ({ text, file });

export const SIDEBAR: readonly Group[] = [
    {
        text: "Start",
        pages: [
            page("Overview", HOME),
            page("Tutorial", "docs/tutorial.md"),
            page("On your own cluster", "docs/own-cluster.md"),
            page("Prove it", "docs/prove.md"),
        ],
    },
    {
        text: "Understand",
        pages: [
            page("Architecture", "docs/architecture.md"),
            page("Identities and SVIDs", "docs/identities.md"),
            page("Security", "docs/security.md"),
            page("Limits", "docs/limits.md"),
            page("Compatibility", "docs/compatibility.md"),
            page("What it costs", "docs/performance.md"),
            page("Questions", "docs/faq.md"),
        ],
    },
    {
        text: "Use",
        pages: [
            page("Policies", "docs/policies.md"),
            page("From IP rules to identities", "docs/enforcement.md"),
            page("Registration entries", "docs/registration.md"),
            page("Identities for applications", "docs/workloads.md"),
            page("Cilium: install, adopt, switch off", "docs/cilium.md"),
            page("A SPIRE that is there already", "docs/adopting.md"),
            page("Certificates from cert-manager", "docs/cert-manager.md"),
            page("Mirrors and air gap", "docs/mirrors.md"),
            page("Packages", "docs/packages.md"),
            page("Policy pack", "docs/policy-pack.md"),
        ],
    },
    {
        text: "Run",
        pages: [
            page("Operations", "docs/operations.md"),
            page("Troubleshooting", "docs/troubleshooting.md"),
            page("Metrics and a dashboard", "docs/observability.md"),
            page("Alerts", "docs/alerts.md"),
            page("Backup and restore", "docs/backup.md"),
            page("Pull requests and pipelines", "docs/ci.md"),
            page("GitOps: Flux and Argo CD", "docs/gitops.md"),
            page("Many clusters", "docs/fleet.md"),
        ],
    },
    {
        text: "Look up",
        pages: [
            page("Every configuration key", "docs/reference.md"),
            page("Changes", "CHANGELOG.md"),
            page("The sandbox", "sandbox/README.md"),
            page("Contributing", "CONTRIBUTING.md"),
            page("Report a weakness", "SECURITY.md"),
        ],
    },
];

/** Pages that others link, and the sidebar does not list. */
export const BESIDE = ["docs/decisions/*.md", "examples/*/README.md"];

/** All patterns of pages. */
export const PAGES: readonly string[] = [
    ...SIDEBAR.flatMap(({ pages }) => pages.map(({ file }) => file)),
    ...BESIDE,
];

/** The address of a page, from the site's root. */
export function addressOf(file: string): string {
    return file === HOME ? "/" : `/${file.replace(/\.md$/, "")}`;
}
