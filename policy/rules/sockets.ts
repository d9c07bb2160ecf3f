/** The two sockets of an agent, apart. */
import { posix } from "node:path";
import { type KubernetesObject, objectOf, textsOf } from "../kubernetes";
import type { ResourceRule } from "../rule";
import { settingsIn } from "../spireConf";

/** Cilium's names of the two, in its ConfigMap. */
const CILIUM = { workload: "mesh-auth-spire-agent-socket", admin: "mesh-auth-spire-admin-socket" };

export const socketsApart: ResourceRule<object> = {
    name: "sockets-apart",
    description: "SPIRE's workload socket and its admin socket are in directories of their own.",
    properties: {},
    defaults: {},
    check: (resource) => {
        const object = objectOf(resource);
        if (!object) return [];
        return pairs(object).flatMap(({ keys, workload, admin }) => {
            const directories = [workload, admin].map((path) =>
                posix.dirname(posix.normalize(path)),
            );
            if (
                !within(directories[0]!, directories[1]!) &&
                !within(directories[1]!, directories[0]!)
            ) {
                return [];
            }
            return [
                `${object.title}: ${keys.join(" and ")} = "${workload}" and "${admin}": who mounts the directory of one has the other, and with the admin socket everybody's certificates; put them in sibling directories, such as /run/spire/sockets and /run/spire/admin-sockets`,
            ];
        });
    },
};

interface Pair {
    keys: string[];
    workload: string;
    admin: string;
}

function pairs(object: KubernetesObject): Pair[] {
    const texts = textsOf(object);
    const files = texts.flatMap(([file, text]) => {
        const [workload] = settingsIn(text, "socket_path");
        const [admin] = settingsIn(text, "admin_socket_path");
        if (workload === undefined || admin === undefined) return [];
        return [{ keys: [`${file}: socket_path`, "admin_socket_path"], workload, admin }];
    });
    const cilium = Object.fromEntries(texts);
    const [workload, admin] = [cilium[CILIUM.workload], cilium[CILIUM.admin]];
    if (workload === undefined || admin === undefined) return files;
    return [...files, { keys: [CILIUM.workload, CILIUM.admin], workload, admin }];
}

/** Whether a path is a directory or lies in it. */
export function within(directory: string, path: string): boolean {
    return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}
