import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, decodeSettings } from "../../../settings/decode";
import { warnings } from "../../../settings/cilium/rules";

const minimal = { trustDomain: "example.org", clusterName: "east" };

/** The problems that decoding reports, without the heading. */
function problems(settings: object): string[] {
    try {
        decodeSettings({ ...minimal, ...settings }, "cilium-spire:");
    } catch (error) {
        assert.ok(error instanceof ConfigError);
        const [heading, ...lines] = error.message.split("\n  ");
        assert.equal(heading, "The stack configuration is wrong; nothing was changed.");
        return lines;
    }
    return [];
}

const cilium = (settings: object) => problems({ cilium: settings });

test("two keys are enough", () => {
    const settings = decodeSettings(minimal);
    assert.equal(settings.mutualAuth, true);
    assert.equal(settings.cilium.mode, "install");
    assert.partialDeepStrictEqual(settings.cilium, { encryption: { type: "none" } });
    assert.equal(settings.cilium.authentication.mutual.spire.connectionTimeout, "30s");
});

test("a missing key says how to set it", () => {
    assert.throws(
        () => decodeSettings({ clusterName: "east" }),
        /trustDomain: is missing; set it with "pulumi config set --path cilium-spire:trustDomain <value>"/,
    );
});

test("every problem is reported at once, with key, value and remedy", () => {
    const list = problems({
        trustDomain: "spiffe://Example",
        cilium: { version: "1.18", authentication: { mutual: { port: 0, connectTimeout: "0s" } } },
    });
    assert.equal(list.length, 4);
    assert.match(list[0]!, /^cilium-spire:trustDomain = "spiffe:\/\/Example": .*lower-case/);
    assert.match(list[1]!, /^cilium-spire:cilium\.version = "1\.18": .*full version/);
    assert.match(list[2]!, /cilium\.authentication\.mutual\.port = 0: must be 1 to 65535/);
    assert.match(list[3]!, /connectTimeout = "0s": must be longer than 0s/);
});

test("an unknown key is named with the one that was meant, or with all", () => {
    assert.deepEqual(problems({ trustdomain: "x" }), [
        "cilium-spire:trustdomain: is not a key of this program; did you mean trustDomain?",
    ]);
    assert.deepEqual(cilium({ authentication: { queuesize: 1 } }), [
        "cilium-spire:cilium.authentication.queuesize: is not a key of this program; did you mean queueSize?",
    ]);
    assert.deepEqual(cilium({ encryption: { type: "wireguard", secretName: "x" } }), [
        'cilium-spire:cilium.encryption.secretName: is not a key of this program here, only with cilium.encryption.type = "ipsec"; remove it, or set that',
    ]);
    assert.match(
        cilium({ authentication: { mutual: { spire: { annotations: {} } } } })[0]!,
        /annotations: is not a key of this program; keys here: connectionTimeout$/,
    );
});

test("a misspelling is recognised, another word is not", () => {
    assert.match(problems({ spire: { server: { replica: 1 } } })[0]!, /did you mean replicas\?$/);
    assert.match(cilium({ kubeProxyReplacment: true })[0]!, /did you mean kubeProxyReplacement\?$/);
    assert.match(
        cilium({ flavour: "x" })[0]!,
        /flavour: is not a key of this program; keys here: mode, /,
    );
});

test("a wrong type says what is expected", () => {
    const messages = (settings: object) => problems(settings).join();
    assert.match(
        messages({ spire: { server: { replicas: "many" } } }),
        /spire\.server\.replicas = "many": must be a number, without quotes/,
    );
    assert.match(messages({ verify: "yes" }), /verify = "yes": must be true or false/);
    assert.match(messages({ cilium: null }), /cilium = null: must be a group of keys/);
    assert.match(messages({ cilium: { values: [] } }), /cilium\.values = \[\]: must be a group/);
    assert.match(messages({ cilium: { version: 1.18 } }), /in quotes/);
    assert.match(
        messages({ cilium: { mode: "takeover" } }),
        /cilium\.mode = "takeover": mode must be one of: install, adopt$/,
    );
});

test("rules of SPIRE are applied too", () => {
    assert.match(
        problems({ spire: { sockets: { admin: "/run/spire/sockets/admin.sock" } } })[0]!,
        /^cilium-spire:spire\.sockets\.admin = /,
    );
    assert.match(problems({ spire: { version: "1.8.0" } })[0]!, /use 1\.9\.6 to 1\.15/);
});

test("versions of Cilium without the feature are refused", () => {
    for (const version of ["1.14.19", "1.21.0", "2.0.0"]) {
        assert.match(
            cilium({ version })[0]!,
            /^cilium-spire:cilium\.version: .*use 1\.15 to 1\.20$/,
        );
    }
    for (const version of ["1.15.0", "1.20.9"]) assert.deepEqual(cilium({ version }), []);
});

test("encryption is one of three", () => {
    assert.match(cilium({ encryption: { type: "tls" } })[0]!, /none, wireguard, ipsec/);
    const encryption = { type: "ipsec" };
    const settings = decodeSettings({ ...minimal, cilium: { encryption } });
    const ipsec = { ...encryption, secretName: "cilium-ipsec-keys", keyFile: "keys" };
    assert.partialDeepStrictEqual(settings.cilium, { encryption: ipsec });
});

test("Hubble needs certificates that stay the same from preview to preview", () => {
    assert.match(cilium({ hubble: { enabled: true } })[0]!, /^cilium-spire:cilium\.hubble\.tls: /);
    for (const method of ["helm", "cronJob"]) {
        const [problem] = cilium({ hubble: { enabled: true, tls: { method } } });
        assert.match(
            problem!,
            new RegExp(`cilium\\.hubble\\.tls\\.method = "${method}": must be `),
        );
        assert.match(problem!, /new certificates at every preview/);
        const [inValues] = cilium({ values: { hubble: { tls: { auto: { method } } } } });
        assert.match(inValues!, /^cilium-spire:cilium\.values\.hubble\.tls\.auto\.method: /);
        assert.match(inValues!, /new certificates at every preview/);
    }
    const provided = { enabled: true, tls: { method: "provided" } };
    assert.deepEqual(cilium({ hubble: provided }), []);
    assert.deepEqual(cilium({ hubble: provided, version: "1.15.19" }), [
        'cilium-spire:cilium.hubble.tls.method = "provided": needs Cilium 1.16.0 or newer, and cilium.version is 1.15.19; use another or upgrade',
    ]);
    const certmanager = { method: "certmanager", issuerRef: { name: "ca" } };
    assert.deepEqual(
        cilium({ version: "1.15.19", hubble: { enabled: true, tls: certmanager } }),
        [],
    );
});

test("values that this program sets are refused by name", () => {
    const values = {
        authentication: { mutual: { spire: { install: { enabled: true } } } },
        operator: { replicas: 1, rollOutPods: false },
        k8sServiceHost: "10.0.0.1",
        ipam: { mode: "kubernetes" },
    };
    const list = cilium({ values }).map((line) => line.split(": ")[0]);
    assert.deepEqual(list, [
        "cilium-spire:cilium.values.authentication.mutual.spire.install.enabled",
        "cilium-spire:cilium.values.operator.rollOutPods",
        "cilium-spire:cilium.values.k8sServiceHost",
    ]);
});

test("host and port of the API server belong together", () => {
    assert.match(cilium({ k8sServiceHost: "10.0.0.1" })[0]!, /set cilium\.k8sServicePort too/);
    assert.match(cilium({ k8sServicePort: 6443 })[0]!, /set cilium\.k8sServiceHost too/);
    assert.deepEqual(cilium({ k8sServiceHost: "auto" }), []);
    const old = { version: "1.15.19", k8sServicePort: 6443 };
    assert.match(
        cilium({ ...old, k8sServiceHost: "auto" })[0]!,
        /k8sServiceHost = "auto": needs Cilium 1\.16\.0/,
    );
    assert.deepEqual(cilium({ ...old, k8sServiceHost: "10.0.0.1" }), []);
});

test("the handshake's port is not that of another process of the host", () => {
    assert.match(
        cilium({ authentication: { mutual: { port: 9982 } } })[0]!,
        /mutual\.port = 9982: is spire\.agent\.healthPort/,
    );
});

test("adopting refuses what only an installation could follow", () => {
    const list = cilium({
        mode: "adopt",
        chart: "/x",
        encryption: { type: "wireguard" },
        hubble: { enabled: true, tls: { method: "provided" } },
        kubeProxyReplacement: true,
        k8sServiceHost: "a",
        k8sServicePort: 1,
        values: { authentication: {} },
    });
    const keys = list.map((line) => line.split(": ")[0]!.replace("cilium-spire:cilium.", ""));
    assert.deepEqual(keys, [
        "chart",
        "encryption",
        "hubble",
        "kubeProxyReplacement",
        "k8sServiceHost",
        "k8sServicePort",
        "values",
    ]);
    const authentication = { mutual: { port: 4255 } };
    assert.deepEqual(cilium({ mode: "adopt", authentication }), []);
    const [chart] = cilium({ mode: "adopt", chart: "/x" });
    assert.equal(
        chart,
        'cilium-spire:cilium.chart: describes an installation, but with cilium.mode = "adopt" this program installs no Cilium; remove it',
    );
    for (const key of ["queueSize", "rotatedIdentitiesQueueSize", "gcInterval"]) {
        assert.deepEqual(cilium({ mode: "adopt", authentication: { [key]: 1 } }), [
            `cilium-spire:cilium.authentication.${key}: with cilium.mode = "adopt" the next "helm upgrade" would undo it; set it below authentication in the values of that release`,
        ]);
    }
    assert.match(
        cilium({ mode: "adopt", rolloutTimeOut: "1m" })[0]!,
        /rolloutTimeOut: is not a key of this program; did you mean rolloutTimeout\?$/,
    );
});

test("warnings tell what works but may surprise", () => {
    const of = (settings: object): string[] => [
        ...warnings(decodeSettings({ ...minimal, ...settings })),
    ];
    assert.deepEqual(of({}), []);
    assert.match(of({ mutualAuth: false }).join(), /mode: required" stay in force/);
    assert.match(of({ cilium: { version: "1.20.2" } }).join(), /removal is announced/);
    assert.match(of({ cilium: { kubeProxyReplacement: true } }).join(), /k8sServiceHost/);
    const adopt = (version: string) => of({ cilium: { mode: "adopt", version } }).join();
    assert.match(adopt("1.19.6"), /authentication\.enabled=true/);
    assert.equal(adopt("1.18.12"), "");
});

test("values of the chart may have keys that every object inherits", () => {
    const values = { podLabels: { toString: "x", valueOf: { hasOwnProperty: 1 } } };
    assert.doesNotThrow(() => decodeSettings({ ...minimal, cilium: { values } }));
});
