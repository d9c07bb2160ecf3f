/** Several SPIRE servers, and one database. */
import { fieldsAt, objectsOf, podOf, spirePart, textsOf } from "../kubernetes";
import type { StackRule } from "../rule";
import { settingsIn } from "../spireConf";

export const replicasWithSql: StackRule<object> = {
    name: "replicas-with-sql",
    description: "Several replicas of a SPIRE server share an SQL database.",
    properties: {},
    defaults: {},
    checkStack: (resources) => {
        const objects = objectsOf(resources);
        return objects.flatMap((object) => {
            const pod = podOf(object);
            const { replicas } = fieldsAt(object.fields, "spec");
            if (!pod || spirePart(pod) !== "server") return [];
            if (typeof replicas !== "number" || replicas < 2) return [];
            const files = objects
                .filter(({ namespace }) => namespace === object.namespace)
                .flatMap(textsOf)
                .filter(([, text]) => settingsIn(text, "database_type").includes("sqlite3"));
            return files.map(([file]) => ({
                urn: object.urn,
                message: `${object.title}: spec.replicas = ${replicas}, with database_type "sqlite3" in ${file}: each replica would have a CA and entries of its own; use postgres or mysql, or one replica`,
            }));
        });
    },
};
