/** Wrong types and keys, anywhere. */
import { type Refusal, values } from "./refusal";

const spire = (spire: object) => ({ spire });
const registration = (registration: object) => ({ registration });
const federation = (federation: object) => spire({ server: { federation } });
const LABELS = /operatorNodeLabels.*: (the key )?must be (a label (key|value)|text)/;
const own = (key: string): unknown => JSON.parse(`{"${key}":{}}`);

function nested(depth: number): object {
    return depth === 0 ? {} : { a: nested(depth - 1) };
}

const keys: Refusal[] = [
    ...["__proto__", "constructor", "prototype"].flatMap((key) =>
        values(
            (place) => JSON.parse(String(place).replace("KEY", key)) as object,
            new RegExp(`${key}: is not a possible key; rename it`),
            [
                '{"KEY":1}',
                '{"workloads":{"KEY":{}}}',
                '{"cilium":{"values":{"KEY":{"x":1}}}}',
                '{"registration":{"operatorNodeLabels":{"KEY":"x"}}}',
            ],
        ),
    ),
    {
        name: "values that are nested without end",
        settings: { cilium: { values: nested(5000) } },
        message: /is nested more than 50 deep; make it flatter/,
    },
    ...values(
        (key) => ({ [String(key)]: 1 }),
        /: is not a key of this program; (keys here|did you)/,
        ["trustdomain", "x y", "a.b", "", "k".repeat(100_000)],
    ),
    ...values(
        (x) => spire({ server: x }),
        /spire\.server\.\w+: is not a key .*; did you mean \w+\?/,
        [{ replica: 2 }, { logLevels: "INFO" }, { catTl: "1h" }],
    ),
];

const types: Refusal[] = [
    ...values((x) => ({ trustDomain: x }), /trustDomain = .*: must be /, [
        "spiffe://example.org",
        "Example.org",
        "",
        "a b",
        "a".repeat(256),
        7,
        null,
        ["a"],
    ]),
    ...values((x) => ({ clusterName: x }), /clusterName = .*: must be /, [
        "",
        "a b",
        "-a",
        "a/b",
        7,
    ]),
    ...values((x) => ({ mutualAuth: x }), /mutualAuth = .*: must be true or false/, [
        "no",
        0,
        null,
    ]),
    ...values((x) => ({ prove: true, mutualAuth: x }), /prove = true: nothing authenticates/, [
        false,
    ]),
    ...values((x) => ({ verify: x }), /verify = .*: must be true or false/, ["yes", 1]),
    ...values((x) => ({ spire: x }), /spire = .*: must be a group of keys/, ["x", 1, null, []]),
    ...values((x) => ({ workloads: x }), /workloads = .*: must be a group of keys/, ["x", []]),
    ...values((x) => ({ kubeconfig: x }), /kubeconfig = .*: must /, [
        "",
        "~/.kube/config",
        '{"apiVersion": "v1"}',
        "a\nb",
        5,
    ]),
    ...values((x) => ({ kubeContext: x }), /kubeContext = .*: must /, ["", "a\nb", 5]),
    ...values((replicas) => spire({ server: { replicas } }), /replicas = .*: must be /, [
        0,
        -1,
        1.5,
        "1",
        1e300,
        true,
    ]),
    ...values(
        (logLevel) => spire({ server: { logLevel } }),
        /logLevel = .*: must be one of: DEBUG/,
        ["debug", "TRACE", "", 1],
    ),
    ...values((version) => spire({ version }), /spire\.version.*(must be|use )/, [
        "1.15",
        "v1.15.3",
        "1.8.0",
    ]),
    ...values((x) => registration({ operatorNodeLabels: x }), LABELS, [
        { "node role": "x" },
        { "": "" },
        { "-a": "x" },
        { "a..b/c": "x" },
        { a: "x y" },
        { a: true },
    ]),
    ...values(
        (timeoutSeconds) => registration({ timeoutSeconds }),
        /timeoutSeconds = .*: must be /,
        [0, 9, 86401, 1e12, "300"],
    ),
    ...values((strategy) => registration({ strategy }), /strategy = .*: must be one of: perAgent/, [
        "",
        "x",
    ]),
    ...values(
        (maxUnavailable) => spire({ agent: { maxUnavailable } }),
        /maxUnavailable = .*: must be/,
        [0, "0%", "101%", "all", {}],
    ),
    ...values(
        (x) => federation({ federatesWith: { [String(x)]: {} } }),
        /federatesWith.*: (the key )?.*must/,
        ["spiffe://a.org", "A.org", ""],
    ),
    ...values((bundleEndpoint) => federation({ bundleEndpoint }), /bundleEndpoint.*: .*(must|; )/, [
        {},
        { profile: "http" },
        { profile: "https_web" },
        { profile: "https_spiffe", service: { port: 0 } },
        { profile: "https_spiffe", service: { type: "NodePort", nodePort: 443 } },
        { profile: "https_spiffe", service: { annotations: { "a b": "x" } } },
        { profile: "https_spiffe", refreshHint: "0s" },
    ]),
    ...values(
        (x) => ({ replaceTrustDomain: x }),
        /replaceTrustDomain = .*: (must|is trustDomain)/,
        [
            "spiffe://example.net",
            "",
            // That of all these configurations.
            "example.org",
        ],
    ),
    {
        name: "a map of maps as a value",
        settings: { spire: { server: own("x") } },
        message: /spire\.server\.x: is not a key/,
    },
];

export const shapes = [...keys, ...types];
