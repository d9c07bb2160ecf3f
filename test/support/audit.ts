/** The API server's record of who asked for what, and whether they may. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const POLICY = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived", "ResponseStarted"],
    rules: [{ level: "Metadata" }],
};

/** One request (audit.k8s.io/v1 Event, of which this is the part that rights depend on). */
export interface AuditEvent {
    stage: string;
    verb: string;
    requestURI: string;
    user: { username: string; groups: string[] };
    /** Absent for what is no resource, such as `/version`. */
    objectRef?: {
        apiGroup?: string;
        resource: string;
        subresource?: string;
        namespace?: string;
        name?: string;
    };
    responseStatus?: { code?: number };
    annotations?: { "authorization.k8s.io/decision"?: "allow" | "forbid" };
}

/** Makes the API server write down every request, in files of this directory. */
export async function auditArguments(dir: string): Promise<string[]> {
    const policy = join(dir, "audit-policy.json");
    await writeFile(policy, JSON.stringify(POLICY));
    return [`--audit-policy-file=${policy}`, `--audit-log-path=${logIn(dir)}`];
}

/** What members of a group have asked for. */
export async function readAudit(dir: string, group: string): Promise<AuditEvent[]> {
    const lines = (await readFile(logIn(dir), "utf8")).split("\n").filter((line) => line !== "");
    const events = lines.map((line) => JSON.parse(line) as AuditEvent);
    return events.filter(({ user }) => user.groups.includes(group));
}

/** By the roles, or because the request would have handed out more rights than its author has. */
export function isDenied({ annotations, responseStatus }: AuditEvent): boolean {
    return (
        annotations?.["authorization.k8s.io/decision"] === "forbid" || responseStatus?.code === 403
    );
}

function logIn(dir: string): string {
    return join(dir, "audit.log");
}
