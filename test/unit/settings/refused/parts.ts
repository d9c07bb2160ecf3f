/** What SPIRE can have beside server and agents. */
import { type Refusal, values } from "./refusal";

const manager = (controllerManager: object) => ({ spire: { controllerManager } });
const provider = (oidcDiscoveryProvider: object) => ({ spire: { oidcDiscoveryProvider } });
const oidc = (settings: object) => provider({ domain: "oidc.example.org", ...settings });
const driver = (csiDriver: object) => ({ spire: { agent: { csiDriver } } });

const managers: Refusal[] = [
    ...values(
        (version) => manager({ version }),
        /controllerManager\.version = .*: (would delete every entry.*; use 0\.5\.0|must be a )/,
        ["0.4.4", "0.1.0", "latest", "v0.6.3"],
    ),
    ...values(
        (className) => manager({ className }),
        /controllerManager\.className = .*: must be 1 to 63 lower-case letters/,
        ["", "Shop", "a b"],
    ),
    ...values((gcInterval) => manager({ gcInterval }), /\.gcInterval = .*: must be/, ["0s", 10]),
    ...values((image) => manager({ image }), /controllerManager\.image = .*: must/, ["a:1", "A b"]),
    ...values(
        (controllerManager) => ({ spire: { mode: "external", controllerManager } }),
        /spire\.controllerManager: describes an installation.*; set it there, and remove it here/,
        [{}],
    ),
];

const providers: Refusal[] = [
    ...values(
        (domain) => provider({ domain }),
        /oidcDiscoveryProvider\.domain = .*: must be a DNS/,
        ["https://oidc.example.org", "oidc.example.org:8443", "10.0.0.1", "2001:db8::1", ""],
    ),
    { name: "no domain", settings: provider({}), message: /\.domain: is missing; set it with/ },
    ...values((replicas) => oidc({ replicas }), /\.replicas = .*: must be/, [0, 1.5, "two"]),
    ...values(
        (certificate) => oidc({ certificate }),
        /oidcDiscoveryProvider\.certificate.*: (is missing|must be)/,
        [{}, { name: "A b" }, { name: "a", keyKey: "../key" }],
    ),
    ...values((image) => oidc({ image }), /oidcDiscoveryProvider\.image = .*: must/, ["a:1"]),
    {
        name: "another issuer than the one with the documents",
        settings: { spire: { ...oidc({}).spire, server: { jwtIssuer: "https://other.example" } } },
        message: /server\.jwtIssuer = .*: verifiers would look there.*; remove it, or name https:/,
    },
    {
        name: "the key of the provider's own entry",
        settings: {
            ...oidc({}),
            workloads: {
                "oidc-discovery-provider": { path: "/shop", selectors: ["k8s:ns:shop"] },
            },
        },
        message:
            /workloads\.oidc-discovery-provider: is the key of the entry that.*; choose another/,
    },
];

const drivers: Refusal[] = [
    ...values(
        (kubeletDirectory) => driver({ kubeletDirectory }),
        /agent\.csiDriver\.kubeletDirectory = .*: must/,
        ["var/lib/kubelet", "/", "/var/lib/kubelet/", "/var/../etc", "/var/./lib", "/a b", "", 1],
    ),
    ...values((version) => driver({ version }), /agent\.csiDriver\.version = .*: must/, [
        "v0.2.9",
        "latest",
        "",
    ]),
    ...values(
        (registrarVersion) => driver({ registrarVersion }),
        /agent\.csiDriver\.registrarVersion = .*: must/,
        ["v2.16.0", 2],
    ),
    ...["image", "registrarImage"].flatMap((key) =>
        values(
            (image) => driver({ [key]: image }),
            new RegExp(`agent\\.csiDriver\\.${key} = .*: must`),
            ["driver:1", "a b"],
        ),
    ),
];

export const parts = [...managers, ...providers, ...drivers];
