/** The CustomResourceDefinition of ClusterSPIFFEID, without its descriptions (spire-controller-manager 0.6.3, config/crd/bases). */

const text = { type: "string" };
const texts = { type: "array", items: text };
const count = { type: "integer" };
const flag = { type: "boolean" };
/** metav1.LabelSelector. */
const selector = {
    type: "object",
    "x-kubernetes-map-type": "atomic",
    properties: {
        matchExpressions: {
            type: "array",
            items: {
                type: "object",
                required: ["key", "operator"],
                properties: { key: text, operator: text, values: texts },
            },
        },
        matchLabels: { type: "object", additionalProperties: text },
    },
};

const spec = {
    type: "object",
    required: ["spiffeIDTemplate"],
    properties: {
        admin: flag,
        autoPopulateDNSNames: flag,
        className: text,
        dnsNameTemplates: texts,
        downstream: flag,
        fallback: flag,
        federatesWith: texts,
        hint: text,
        jwtTtl: text,
        namespaceSelector: selector,
        podSelector: selector,
        spiffeIDTemplate: text,
        ttl: text,
        workloadSelectorTemplates: texts,
    },
};

const status = {
    type: "object",
    properties: {
        stats: {
            type: "object",
            properties: {
                entriesMasked: count,
                entriesToSet: count,
                entryFailures: count,
                namespacesIgnored: count,
                namespacesSelected: count,
                podEntryRenderFailures: count,
                podsSelected: count,
            },
        },
    },
};

export const clusterSpiffeIdSpec = {
    group: "spire.spiffe.io",
    names: {
        kind: "ClusterSPIFFEID",
        listKind: "ClusterSPIFFEIDList",
        plural: "clusterspiffeids",
        singular: "clusterspiffeid",
    },
    scope: "Cluster",
    versions: [
        {
            name: "v1alpha1",
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: {
                openAPIV3Schema: {
                    type: "object",
                    properties: {
                        apiVersion: text,
                        kind: text,
                        metadata: { type: "object" },
                        spec,
                        status,
                    },
                },
            },
        },
    ],
};
