/** All that the program makes of settings: objects, those of Cilium's chart included, with SPIRE's configurations parsed. */
import { parseAllDocuments } from "yaml";
import { ciliumArgs } from "../../../components/cilium/args";
import { releaseValues } from "../../../components/cilium/chartValues";
import { addWorkloadSocket } from "../../../components/cilium/workloadSocket";
import { ensureChart } from "../../../sandbox/build/binaries";
import type { InstallSettings } from "../../../settings/cilium";
import type { Settings } from "../../../settings/schema";
import type { Applied } from "../../support/admission";
import { template } from "../../support/helm";
import { renderObjects } from "../../component/spire/render";

export type Installing = Settings & { cilium: InstallSettings };

/** SPIRE's objects. */
export async function spireObjects(settings: Settings): Promise<Applied[]> {
    return await renderObjects(settings);
}

/** The chart's objects, with the workload socket where it is wanted. @throws Error when Helm refuses, or a document is no YAML. */
export async function ciliumObjects(settings: Installing): Promise<Applied[]> {
    const args = ciliumArgs(settings);
    const { version, namespace, workloadSocketInAgent } = settings.cilium;
    const text = await template(await ensureChart(version), releaseValues(args), namespace);
    // A chart may write a key twice, and Helm takes the last one (1.15, tunnel-protocol).
    const documents = parseAllDocuments(text, { uniqueKeys: false, version: "1.1" });
    const objects = documents.flatMap((document) => {
        if (document.errors.length > 0) throw new Error(String(document.errors[0]));
        return (document.toJS() as Applied | null) ?? [];
    });
    const mount = settings.mutualAuth && workloadSocketInAgent;
    return objects.map((object) =>
        mount && object.kind === "DaemonSet" && object.metadata.name === "cilium"
            ? addWorkloadSocket<Applied>(object, settings.spire.sockets.workload)
            : object,
    );
}

/** The configuration that server or agent reads. */
export function configurationOf(
    objects: readonly Applied[],
    component: "server" | "agent",
): string {
    const name = `spire-${component}`;
    const found = objects.find((o) => o.kind === "ConfigMap" && o.metadata.name === name);
    return (found as Applied & { data: Record<string, string> }).data[`${component}.conf`]!;
}

/** Objects in which configurations are data, not text. */
export function parsed(objects: readonly Applied[]): unknown[] {
    return objects.map((object) => {
        const { data } = object as { data?: Record<string, string> };
        if (!data) return object;
        const values = Object.entries(data).map(([key, text]) => [
            key,
            key.endsWith(".conf") ? (JSON.parse(text) as unknown) : text,
        ]);
        return { ...object, data: Object.fromEntries(values) as object };
    });
}
