/** The support bundle: marker secrets are planted wherever one could be, and none of them is in it. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Cluster } from "@cilium-spire/entries-provider";
import { extract } from "tar";
import { collect } from "../../../doctor/bundle/collect";
import { redactObject, redactText } from "../../../doctor/bundle/redact";
import { reserve, writeBundle } from "../../../doctor/bundle/write";
import { patientOf } from "../../../doctor/examination/examine";
import { knownStack } from "../../../doctor/site";
import { decodeSettings } from "../../../settings/decode";
import { FakeSpire } from "../../support/fakeSpire";

const MARK = "MARKER";
const KEY = `-----BEGIN EC PRIVATE KEY-----\n${MARK}KEY\n-----END EC PRIVATE KEY-----`;
const JWT = `eyJhbGciOiJSUzI1NiJ9.${MARK}BODY.${MARK}SIGNATURE`;
/** Each with its marker, in the words of programs. */
const PLANTED = [
    KEY,
    JSON.stringify({ key: KEY }),
    `-----BEGIN PRIVATE KEY-----\n${MARK}CUT`,
    `token ${JWT} was refused`,
    `Authorization: Bearer ${MARK}.abcdefgh`,
    `postgres://spire:${MARK}@db:5432/spire`,
    `password=${MARK} host=db`,
    `connection_string = "dbname=spire password='${MARK}' host=db"`,
    JSON.stringify({ connection_string: `user=x password=${MARK} host=y` }),
    JSON.stringify({ clientSecretKey: MARK, API_KEY: MARK, "db-password": `a"${MARK}` }),
    `level=info msg="x" join_token=${MARK}`,
];
const KEPT = 'level=info msg="Upsert identity" error=<nil> spiffe://demo.local/identity/1';

const spire = FakeSpire.anew();

test("texts lose secrets, and keep the rest", () => {
    for (const text of PLANTED) {
        const left = redactText(`before\n${text}`);
        assert.doesNotMatch(left, new RegExp(MARK), text);
        assert.match(left, /^before\n/);
    }
    assert.equal(redactText(KEPT), KEPT);
    const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    assert.equal(redactText(certificate), certificate);
});

test("objects lose values of variables, data of Secrets and what repeats them", () => {
    const variable = { name: "A", value: MARK };
    const fromSecret = { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } };
    const object = {
        metadata: {
            name: "x",
            annotations: { "kubectl.kubernetes.io/last-applied-configuration": MARK, a: "b" },
            managedFields: [{ manager: MARK }],
        },
        spec: { containers: [{ name: "c", env: [variable, fromSecret], args: [PLANTED[5]] }] },
    };
    const left = JSON.stringify(redactObject([object, { kind: "Secret", data: { k: MARK } }]));
    assert.doesNotMatch(left, new RegExp(MARK));
    assert.match(left, /"name":"A","value":"\(removed\)"/);
    assert.match(left, /"secretKeyRef":\{"name":"s","key":"k"\}/);
    assert.match(left, /"annotations":\{"a":"b"\}/);
});

test("a bundle of a cluster full of secrets has none, and what could not be read is told", async () => {
    const dir = await mkdtemp(join(tmpdir(), "cilium-spire-bundle-test-"));
    try {
        const env = [{ name: "PASSWORD", value: MARK }];
        const containers = [{ name: "spire-server", image: "s:1.15.3", env }];
        const template = { spec: { containers } };
        const selector = { matchLabels: { app: "server" } };
        const asked: string[] = [];
        const answers: Record<string, unknown> = {
            "/apis/apps/v1/namespaces/spire-system/statefulsets/spire-server": {
                spec: { selector, template },
            },
            "/api/v1/namespaces/kube-system/configmaps/cilium-config": {
                data: { "mesh-auth-enabled": "true", odd: PLANTED.join("\n") },
            },
            "/api/v1/namespaces/kube-system/pods": {
                items: [
                    {
                        metadata: { name: "cilium-1", namespace: "kube-system" },
                        spec: { containers: [{ name: "cilium-agent", env }] },
                        status: { containerStatuses: [{ name: "cilium-agent", restartCount: 1 }] },
                    },
                ],
            },
            "/api/v1/namespaces/kube-system/pods/cilium-1/log": [KEPT, ...PLANTED].join("\n"),
            "/apis/cilium.io/v2/ciliumnetworkpolicies": {
                items: [{ metadata: { name: "p" }, spec: { description: `token=${MARK}` } }],
            },
        };
        spire.interfere = (what) => {
            asked.push(what);
            return answers[what.replace(/^GET /, "")] as object | undefined;
        };
        const raw = { trustDomain: "demo.local", clusterName: "precinct-99" };
        const stack = knownStack(decodeSettings(raw), { project: "p", stack: "dev" });
        const patient = await patientOf({ cluster: new Cluster(), stack });
        const file = join(dir, "support.tgz");
        await reserve(file);
        await assert.rejects(reserve(file), /support\.tgz exists already; name another file/);
        const report = `all is well, password=${MARK}`;
        await writeBundle(file, await collect(patient, [], report));
        assert.equal((await stat(file)).mode & 0o777, 0o600);
        await extract({ file, cwd: dir });
        const names = await readdir(join(dir, "support"), { recursive: true });
        for (const name of names.filter((each) => /\.\w+$/.test(each))) {
            const text = await readFile(join(dir, "support", name), "utf8");
            assert.doesNotMatch(text, new RegExp(MARK), name);
        }
        const read = (name: string) => readFile(join(dir, "support", name), "utf8");
        const log = await read("logs/kube-system_cilium-1_cilium-agent.log");
        assert.ok(log.startsWith(`${KEPT}\n`), log);
        assert.ok(names.includes("logs/kube-system_cilium-1_cilium-agent_previous.log"));
        assert.match(await read("spire/agents.json"), /uid-a/);
        assert.match(
            await read("README.txt"),
            /cilium sysdump --cilium-spire-namespace spire-system/,
        );
        // No CRDs, and no bundle: the server in memory has none.
        assert.match(
            await read("errors.txt"),
            /^objects\/ciliumclusterwidenetworkpolicies\.json: /m,
        );
        assert.doesNotMatch(asked.join("\n"), /secrets/);
    } finally {
        await rm(dir, { recursive: true });
    }
});
