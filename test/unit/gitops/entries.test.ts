/** The registration entries of a rendered stack, and the Jobs that write them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entryObjects, renderedEntries } from "../../../gitops/entries";
import type { Manifest } from "../../../gitops/manifest";
import { ID, renderable } from "./settings";

interface Container {
    name: string;
    command: string[];
    image: string;
}
interface Pod {
    initContainers?: Container[];
    containers: Container[];
    imagePullSecrets?: object[];
}

const shop = { path: "/ns/shop/sa/shop", selectors: ["k8s:ns:shop", "k8s:sa:shop"] };

function objectsOf(settings: object = {}, formerly: string[] = []) {
    return entryObjects(renderable(settings), ID, formerly);
}

function jobs(settings: object = {}, formerly: string[] = []): Manifest[] {
    return objectsOf(settings, formerly).objects.filter(({ kind }) => kind === "Job");
}

function podOf(job: Manifest): Pod {
    return (job.spec as { template: { spec: Pod } }).template.spec;
}

/** The words after `entry`, one line a container. */
function lines(containers: Container[] = []): string[] {
    return containers.map(({ command }) => command.slice(command.indexOf("entry") + 1).join(" "));
}

describe("the entries", () => {
    test("are those of an up with aliases, by the same IDs", () => {
        const { cilium } = renderedEntries(renderable(), ID);
        assert.deepEqual(Object.keys(cilium!), [
            "cluster/cilium-agent",
            "cluster/cilium-operator",
            "cluster/parent-link",
        ]);
        assert.equal(
            cilium!["cluster/parent-link"]!.id,
            "cilium-spire.prod.cilium.cluster.parent-link",
        );
    });

    test("of workloads hang under the link of all agents, or under an alias", () => {
        const sets = renderedEntries(
            renderable({
                workloads: { all: shop, some: { ...shop, parent: { alias: "/gateways" } } },
            }),
            ID,
        );
        const parents = Object.values(sets).flatMap((set) =>
            Object.values(set).map(({ id, parentId }) => [id, parentId]),
        );
        const of = (key: string) =>
            parents.find(([id]) => id!.endsWith(`workloads.cluster.${key}`));
        assert.equal(of("all")![1], "spiffe://example.org/cilium-operator");
        assert.equal(of("some")![1], "spiffe://example.org/gateways");
    });
});

describe("a Job", () => {
    test("creates each entry, then updates it, in full", () => {
        const pod = podOf(jobs()[0]!);
        const link =
            "-entryID cilium-spire.prod.cilium.cluster.parent-link -spiffeID spiffe://example.org/cilium-operator " +
            "-parentID spiffe://example.org/spire/server -selector k8s_psat:agent_ns:spire-system " +
            "-selector k8s_psat:agent_sa:spire-agent -selector k8s_psat:cluster:east";
        assert.equal(lines(pod.initContainers)[2], `create -output json ${link}`);
        assert.equal(lines(pod.containers)[2], `update ${link}`);
        assert.match(lines(pod.containers)[1]!, / -selector k8s:sa:cilium-operator -admin$/);
        assert.deepEqual(pod.containers[0]!.command.slice(0, 5), [
            "/bin/kubectl",
            "exec",
            "spire-server-0",
            "--container=spire-server",
            "--",
        ]);
    });

    test("has all that an entry can say", () => {
        const full = {
            ...{ ...shop, dnsNames: ["shop.svc"], x509SvidTtl: "30m", jwtSvidTtl: "4m" },
            ...{ hint: "main", federatesWith: ["partner.example"] },
        };
        const partner = {
            url: "https://partner.example/bundle",
            profile: "https_web",
        };
        const [, job] = jobs({
            spire: { server: { federation: { federatesWith: { "partner.example": partner } } } },
            workloads: { shop: full },
        });
        assert.match(
            lines(podOf(job!).containers)[0]!,
            / -x509SVIDTTL 1800 -jwtSVIDTTL 240 -dns shop\.svc -federatesWith partner\.example -hint main$/,
        );
    });

    test("keeps every word as it is, which Kubernetes would read as a variable", () => {
        const workloads = { shop: { ...shop, hint: "$(HOME) $$ a b" } };
        const [, job] = jobs({ workloads });
        assert.equal(podOf(job!).containers[0]!.command.at(-1), "$$(HOME) $$$$ a b");
    });

    test("has another name when it does something else, and only then", () => {
        const name = (settings: object) => jobs(settings).map(({ metadata }) => metadata.name);
        const [cilium, workload] = name({ workloads: { shop } });
        assert.match(cilium!, /^spire-entries-cilium-[0-9a-f]{8}$/);
        assert.deepEqual(name({ workloads: { shop } }), [cilium, workload]);
        const changed = name({ workloads: { shop: { ...shop, hint: "x" } } });
        assert.equal(changed[0], cilium);
        assert.notEqual(changed[1], workload);
    });

    test("has a name that Kubernetes takes, whatever the workload's key is", () => {
        for (const key of ["A_b", `${"x".repeat(63)}_`, "_"]) {
            const [, job] = jobs({ workloads: { [key]: shop } });
            assert.match(job!.metadata.name, /^[a-z0-9]([-a-z0-9]{0,55}[a-z0-9])?$/);
        }
    });

    test("comes from the user's registry, with its pull secrets", () => {
        const images = { registry: "registry.example.org/mirror", pullSecrets: ["regcred"] };
        const pod = podOf(jobs({ images })[0]!);
        assert.match(pod.containers[0]!.image, /^registry\.example\.org\/mirror\/kubectl:v/);
        assert.deepEqual(pod.imagePullSecrets, [{ name: "regcred" }]);
    });
});

describe("entries that are no more", () => {
    test("are deleted by a Job, and stay on the list", () => {
        const gone = "cilium-spire.prod.workloads.cluster.old";
        const now = "cilium-spire.prod.cilium.cluster.cilium-agent";
        const { ids } = objectsOf({}, [gone, now, gone]);
        assert.deepEqual(ids.removed, [gone]);
        const job = jobs({}, [gone]).at(-1)!;
        assert.match(job.metadata.name, /^spire-entries-removed-/);
        assert.deepEqual(lines(podOf(job).containers), [`delete -output json -entryID ${gone}`]);
    });

    test("are none when they come back", () => {
        const id = "cilium-spire.prod.workloads.cluster.shop";
        assert.deepEqual(objectsOf({ workloads: { shop } }, [id]).ids.removed, []);
    });
});

test("the rights are those of one pod", () => {
    const role = objectsOf().objects.find(({ kind }) => kind === "Role")!;
    assert.deepEqual(role.rules, [
        { apiGroups: [""], resourceNames: ["spire-server-0"], resources: ["pods"], verbs: ["get"] },
        {
            ...{ apiGroups: [""], resourceNames: ["spire-server-0"] },
            ...{ resources: ["pods/exec"], verbs: ["create", "get"] },
        },
    ]);
});
