/** What a backup by the clock sends to the engine: who may read what, and that nothing of the user's is in a script. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { RECIPIENTS } from "../../support/recipients";
import { decode } from "../../unit/components/spire/arbitrary";
import { at, render, type Rendered, useMocks } from "./render";

before(useMocks);

const BACKUP = {
    schedule: "30 2 * * *",
    image: "registry.example.org/tools:1.0",
    storage: { size: "2Gi", storageClass: "fast" },
};
const ENCRYPTED = { ...BACKUP, encryptFor: [...RECIPIENTS] };
const POSTGRES = {
    ...{ type: "postgres", host: "db.example.org", port: 6432, user: "o'brien", database: "a b" },
    passwordSecret: { name: "spire-postgres", key: "password" },
    rootCa: { name: "spire-postgres" },
};
const TEMPLATE = "spec.jobTemplate.spec.template";

async function renderServer(server: object): Promise<Rendered> {
    return await render(decode({ server }));
}

function podOf(all: Rendered) {
    const pod = at(all["CronJob/spire-backup"], `${TEMPLATE}.spec`);
    const container = at(pod, "containers.0");
    const command = at(container, "command") as string[];
    return { pod, container, command };
}

test("nothing is made without it", async () => {
    const names = Object.keys(await renderServer({}));
    assert.deepEqual(
        names.filter((name) => /backup/i.test(name)),
        [],
    );
});

test("a copy of sqlite is made on the server's node, of a volume that it cannot write to", async () => {
    const { pod, container } = podOf(
        await renderServer({
            backup: ENCRYPTED,
            nodeSelector: { "example.org/pool": "spire" },
            tolerations: [{ key: "spire", operator: "Exists" }],
        }),
    );
    const all = await renderServer({ backup: ENCRYPTED });
    const server = at(all["StatefulSet/spire-server"], "spec.template.metadata.labels");
    assert.deepEqual(at(pod, "affinity"), {
        podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
                {
                    labelSelector: { matchLabels: server },
                    namespaces: ["spire-system"],
                    topologyKey: "kubernetes.io/hostname",
                },
            ],
        },
    });
    assert.deepEqual(at(pod, "nodeSelector"), { "example.org/pool": "spire" });
    assert.deepEqual(at(pod, "tolerations"), [{ key: "spire", operator: "Exists" }]);
    assert.deepEqual(at(pod, "volumes"), [
        { name: "files", persistentVolumeClaim: { claimName: "spire-backup" } },
        { name: "work", emptyDir: {} },
        { name: "recipients", configMap: { name: "spire-backup" } },
        { name: "data", persistentVolumeClaim: { claimName: "data-spire-server-0" } },
    ]);
    const mounts = at(container, "volumeMounts") as { name: string; readOnly?: boolean }[];
    const writable = mounts.filter(({ readOnly }) => readOnly !== true);
    assert.deepEqual(
        writable.map(({ name }) => name),
        ["files", "work"],
    );
});

test("keys leave the pod encrypted for the recipients, or not at all", async () => {
    const all = await renderServer({ backup: ENCRYPTED });
    assert.deepEqual(at(all["ConfigMap/spire-backup"], "data"), {
        "0.pem": RECIPIENTS[0],
        "1.pem": RECIPIENTS[1],
    });
    const script = podOf(all).command.at(-1)!;
    assert.match(script, /^openssl cms -encrypt .* -aes-256-gcm .* "\/run\/backup\/recipients"/m);
    assert.match(script, /keys\.json/);
    assert.doesNotMatch(script, /cp "[^"]*" "\$part"/);
    const upstreamAuthority = { type: "cert-manager", issuerName: "ca" };
    const keyless = await renderServer({ backup: BACKUP, keyManager: "memory", upstreamAuthority });
    assert.doesNotMatch(podOf(keyless).command.at(-1)!, /keys\.json|openssl/);
    assert.ok(!("ConfigMap/spire-backup" in keyless));
});

test("the pod is what the restricted Pod Security Standard admits, without a token, and is not taken for a server", async () => {
    const all = await renderServer({ backup: ENCRYPTED });
    const { pod, container } = podOf(all);
    const server = at(all["StatefulSet/spire-server"], "spec.template");
    assert.deepEqual(at(pod, "securityContext"), at(server, "spec.securityContext"));
    assert.deepEqual(
        at(container, "securityContext"),
        at(server, "spec.containers.0.securityContext"),
    );
    assert.equal(at(pod, "automountServiceAccountToken"), false);
    assert.equal(at(pod, "serviceAccountName"), undefined);
    const labels = at(all["CronJob/spire-backup"], `${TEMPLATE}.metadata.labels`);
    assert.notDeepEqual(labels, at(all["Service/spire-server"], "spec.selector"));
});

test("PostgreSQL is reached as the server reaches it, and the password is in the environment alone", async () => {
    const all = await renderServer({ backup: BACKUP, datastore: POSTGRES, replicas: 3 });
    const { pod, container, command } = podOf(all);
    const env = at(container, "env") as { name: string; value?: string; valueFrom?: object }[];
    const values = Object.fromEntries(env.map(({ name, ...rest }) => [name, rest]));
    assert.deepEqual(values.PGPASSWORD, {
        valueFrom: { secretKeyRef: POSTGRES.passwordSecret },
    });
    const plain = Object.entries(values).filter(([name]) => /^PG(?!PASSWORD)/.test(name));
    assert.deepEqual(Object.fromEntries(plain.map(([name, { value }]) => [name, value])), {
        ...{ PGHOST: "db.example.org", PGPORT: "6432", PGUSER: "o'brien", PGDATABASE: "a b" },
        ...{ PGSSLMODE: "verify-full", PGSSLROOTCERT: "/run/spire/datastore/ca/ca.crt" },
        PGCONNECT_TIMEOUT: "30",
    });
    assert.equal(at(pod, "affinity"), undefined);
    const mounts = at(container, "volumeMounts") as { mountPath: string }[];
    assert.ok(mounts.some(({ mountPath }) => mountPath === "/run/spire/datastore/ca"));
    assert.doesNotMatch(command.at(-1)!, /o'brien|a b|db\.example|PASSWORD/);
    assert.doesNotMatch(command.at(-1)!, /keys|sqlite/);
});

test("what the user says is not in the script", async () => {
    const one = await renderServer({ backup: ENCRYPTED });
    const other = { keep: 3, schedule: "* * * * *", timeout: "5m", image: "x:1" };
    const two = await renderServer({ backup: { ...ENCRYPTED, ...other } });
    assert.deepEqual(podOf(one).command, podOf(two).command);
    assert.deepEqual(podOf(one).command.slice(0, 2), ["/bin/sh", "-euc"]);
    const keep = at(podOf(two).container, "env") as { name: string; value: string }[];
    assert.equal(keep.find(({ name }) => name === "KEEP")?.value, "3");
    assert.equal(keep.find(({ name }) => name === "NAME")?.value, "precinct-99");
    const spec = at(two["CronJob/spire-backup"], "spec");
    assert.equal(at(spec, "schedule"), "* * * * *");
    assert.equal(at(spec, "timeZone"), "Etc/UTC");
    assert.equal(at(spec, "concurrencyPolicy"), "Forbid");
    assert.equal(at(spec, "successfulJobsHistoryLimit"), 0);
    assert.equal(at(spec, "jobTemplate.spec.activeDeadlineSeconds"), 300);
    assert.equal(at(spec, "jobTemplate.spec.backoffLimit"), 2);
});

test("the claim is the program's, of the class that is asked for, or the user's", async () => {
    const all = await renderServer({ backup: ENCRYPTED });
    assert.deepEqual(at(all["PersistentVolumeClaim/spire-backup"], "spec"), {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "fast",
        resources: { requests: { storage: "2Gi" } },
    });
    const named = await renderServer({ backup: { ...ENCRYPTED, storage: { claim: "nas" } } });
    assert.ok(!("PersistentVolumeClaim/spire-backup" in named));
    assert.equal(at(podOf(named).pod, "volumes.0.persistentVolumeClaim.claimName"), "nas");
});
