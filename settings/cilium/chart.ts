/** Where Cilium's chart comes from, in one word. */
import { z } from "zod";

const FORMS =
    "must be the URL of a Helm repository (https://...), an OCI reference (oci://registry.example.org/charts/cilium), " +
    "the name of a repository that Helm knows (@name), or a path that begins with / or ./";

/** Helm's notation for "the repository of this name in repositories.yaml", as in a Chart.yaml's dependencies. */
const ALIAS = /^@[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** What is wrong with the place of a chart, with the remedy; undefined when nothing is. */
function chartProblem(text: string): string | undefined {
    if (/\p{Cc}/u.test(text)) return FORMS;
    const scheme = /^(https?|oci):\/\//.exec(text)?.[1];
    if (scheme === undefined) {
        return ALIAS.test(text) || /^\.{0,2}\//.test(text) ? undefined : FORMS;
    }
    if (!URL.canParse(text) || /[\s?#]/.test(text)) return FORMS;
    const { username, password, host, pathname } = new URL(text);
    if (username !== "" || password !== "") {
        return scheme === "oci"
            ? `must not contain credentials; run "helm registry login ${host}"`
            : 'must not contain credentials; run "helm repo add NAME URL --username USER --password-stdin" and write @NAME';
    }
    if (scheme !== "oci") {
        return pathname.endsWith(".tgz")
            ? "must be the URL of the repository, where index.yaml is, not of the archive"
            : undefined;
    }
    if (/[:@]/.test(pathname)) return "must not have a tag or digest; cilium.version is the tag";
    return /[^/]\/[^/]+$/.test(`${host}${pathname}`)
        ? undefined
        : "must name the chart too, such as oci://registry.example.org/charts/cilium";
}

export const chartLocation = z
    .string()
    .max(2048)
    .superRefine((location, context) => {
        const message = chartProblem(location);
        if (message !== undefined) context.addIssue({ code: "custom", message });
    });
