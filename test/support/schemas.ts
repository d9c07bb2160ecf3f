/**
 * JSON schemas for kubeconform, from what API servers read: the OpenAPI document of Kubernetes, and the
 * CustomResourceDefinitions of Cilium, Flux, Argo CD and Prometheus' operator. All come out of Go modules.
 */
import { globSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { dependencyDir, moduleSource } from "../../sandbox/build/binaries";
import { ciliumSource } from "./ciliumSource";
import { fluxCrdDirs } from "./flux";
import { crdDir } from "./prometheusOperator";

/** Its CRDs are all that tests can have of it. */
const ARGO_CD = "github.com/argoproj/argo-cd/v3@v3.5.7";

interface Schema {
    $ref?: string;
    type?: string | string[];
    format?: string;
    properties?: Record<string, Schema>;
    additionalProperties?: Schema | boolean;
    items?: Schema;
    [keyword: string]: unknown;
}

/** The kind of an object, as `<apiVersion> <kind>`, and its schema. */
type Schemas = Map<string, Schema>;

interface Crd {
    spec: {
        group: string;
        names: { kind: string };
        versions: { name: string; schema?: { openAPIV3Schema: Schema } }[];
    };
}

/** The files of CustomResourceDefinitions. */
export async function crdFiles(): Promise<string[]> {
    const folders = [
        join(await ciliumSource(), "pkg/k8s/apis/cilium.io/client/crds"),
        await crdDir(),
        join(await dependencyDir(ARGO_CD, tmpdir()), "manifests/crds"),
        ...(await fluxCrdDirs()),
    ];
    return folders.flatMap((folder) =>
        globSync("**/*.yaml", { cwd: folder, exclude: ["**/kustomization.yaml"] })
            .sort()
            .map((file) => join(folder, file)),
    );
}

/**
 * Writes the schema of every kind that an API server would know.
 *
 * @returns the location as kubeconform takes it.
 */
export async function writeSchemas(dir: string): Promise<string> {
    const definitions = await kubernetesDefinitions();
    const schemas = new Map([...builtIn(definitions), ...(await custom(definitions))]);
    const written = [...schemas].map(async ([id, schema]) => {
        const [apiVersion, kind] = id.split(" ") as [string, string];
        const version = apiVersion.split("/").at(-1)!;
        const group = apiVersion.split("/")[0]!;
        const file = join(dir, group, `${kind.toLowerCase()}_${version}.json`);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, JSON.stringify(schema));
    });
    await Promise.all(written);
    return join(dir, "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json");
}

type Definitions = Record<string, Schema>;

async function kubernetesDefinitions(): Promise<Definitions> {
    const source = await dependencyDir("k8s.io/kubernetes", moduleSource("kubernetes"));
    const file = join(source, "api/openapi-spec/swagger.json");
    const { definitions } = JSON.parse(await readFile(file, "utf8")) as {
        definitions: Definitions;
    };
    return definitions;
}

function builtIn(definitions: Definitions): Schemas {
    return new Map(
        Object.values(definitions).flatMap((schema) => {
            const kinds = schema["x-kubernetes-group-version-kind"] as
                { group: string; version: string; kind: string }[] | undefined;
            // What several groups share is no object that somebody writes into a file.
            if (kinds?.length !== 1) return [];
            const { group, version, kind } = kinds[0]!;
            const id = `${group === "" ? version : `${group}/${version}`} ${kind}`;
            return [[id, strict(schema, definitions)] as const];
        }),
    );
}

async function custom(definitions: Definitions): Promise<Schemas> {
    const metadata = { $ref: "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };
    const schemas: Schemas = new Map();
    for (const file of await crdFiles()) {
        for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
            const { spec } = document.toJS() as Crd;
            for (const { name, schema } of spec.versions) {
                const { openAPIV3Schema: open = {} } = schema ?? {};
                const whole = { ...open, properties: { ...open.properties, metadata } };
                const id = `${spec.group}/${name} ${spec.names.kind}`;
                schemas.set(id, strict(whole, definitions));
            }
        }
    }
    return schemas;
}

/** A schema that stands alone and takes no field that it does not name: the API server would refuse or drop it. */
function strict(schema: Schema, definitions: Definitions, within: string[] = []): Schema {
    const { $ref: reference } = schema;
    if (reference !== undefined) {
        const name = reference.replace("#/definitions/", "");
        // Of Kubernetes' own, which is text, but is read from a number too.
        if (name.endsWith(".Quantity")) return { type: ["string", "number"] };
        // Only schemas in CustomResourceDefinitions have themselves inside.
        return within.includes(name)
            ? {}
            : strict(definitions[name]!, definitions, [...within, name]);
    }
    const inner = (one: Schema) => strict(one, definitions, within);
    const { properties, additionalProperties: more, items, type: _, ...rest } = schema;
    const free = schema["x-kubernetes-preserve-unknown-fields"] === true;
    const type = typeOf(schema);
    const keywords = Object.entries(rest).filter(([key]) => !/^(x-|default$|example)/.test(key));
    return {
        ...(Object.fromEntries(keywords) as Schema),
        ...(type !== undefined && { type }),
        ...(items && { items: inner(items) }),
        ...(properties && { properties: mapped(properties, inner) }),
        ...(typeof more === "object" && { additionalProperties: inner(more) }),
        ...(properties && !more && !free && { additionalProperties: false }),
    };
}

function typeOf({ type, format, ...schema }: Schema): Schema["type"] {
    const isEither = format === "int-or-string" || schema["x-kubernetes-int-or-string"] === true;
    return isEither ? ["string", "number"] : type;
}

function mapped(of: Record<string, Schema>, change: (schema: Schema) => Schema) {
    return Object.fromEntries(Object.entries(of).map(([key, schema]) => [key, change(schema)]));
}
