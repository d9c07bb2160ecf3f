/** The cluster that guides make by hand, step by step as they have it, and this program's way from there. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Cluster, type Entry, SpireServer } from "@cilium-spire/entries-provider";
import { helm } from "../../automation/helm";
import { type ExternalSpire, install, apply, remove } from "../support/externalSpire";
import { ADMIN_SOCKET, BY_THE_GUIDES, HAND_MADE, WORKLOAD_SOCKET } from "../support/handMadeSpire";
import type { Values } from "../../settings/cilium/values";
import { requireAnswered, requireBlocked, startHelmsCilium, Takeover } from "../support/takeover";
import { ciliumRolledOut, kubectl } from "../support/world";

const spire: ExternalSpire = BY_THE_GUIDES;
const TRUST_DOMAIN = "demo.local";
const place = { namespace: "spire-system", statefulSet: "spire-server", container: "spire-server" };
/** A SPIRE of the program's own beside it. */
const OWN = {
    server: { namespace: "own-spire", storage: { retain: false } },
    agent: { namespace: "own-spire" },
    sockets: {
        workload: "/run/own-spire/sockets/agent.sock",
        admin: "/run/own-spire/admin/admin.sock",
    },
};

let values: Values;
let takeover: Takeover;
/** Entries that their script writes. */
let guides: Entry[];

before(async () => {
    values = await startHelmsCilium({ enabled: true });
    await install(spire);
    await helm("upgrade", withSpire("spire-server.spire-system.svc.cluster.local:8081"));
    await patchDaemonSet();
    await ciliumRolledOut();
    guides = await guidesEntries();
    await (await server()).create(guides);
    takeover = await Takeover.start(TRUST_DOMAIN);
});
after(async () => {
    await takeover.stop();
    await remove(spire);
});

describe("the cluster of the guides", () => {
    test("authenticates nobody, as it stands", async () => {
        requireBlocked(await takeover.quiet());
        const identities = (await (await server()).entries()).filter(({ spiffeId }) =>
            spiffeId.includes("/identity/"),
        );
        assert.deepEqual(identities, []);
    });

    test("authenticates after one up with its SPIRE", async (t) => {
        await helm("upgrade", withSpire("spire-server.spire-system.svc:8081"));
        await ciliumRolledOut();
        const seen = await takeover.up("the guides' cluster taken over with its SPIRE", {
            trustDomain: TRUST_DOMAIN,
            spire: spire.settings,
        });
        t.diagnostic(JSON.stringify(seen));
        assert.ok(seen.known.plainGapSeconds < 5, `${seen.known.plainGapSeconds} s`);
        await takeover.requireWell();
    });

    test("needs nothing of what the guides added for Cilium", async () => {
        const seen = await takeover.during(async () => {
            await (await server()).delete(guides.map(({ id }) => id));
            await apply(HAND_MADE.objects.filter((object) => "data" in object && object.data));
            await kubectl("-n spire-system rollout restart statefulset/spire-server");
            await kubectl("-n spire-system rollout status statefulset/spire-server --timeout=120s");
        });
        requireAnswered(seen);
        await takeover.requireWell();
    });

    test("goes over to a SPIRE of the program's own", async (t) => {
        const own = { trustDomain: TRUST_DOMAIN, spire: OWN };
        const seen = await takeover.recorded(
            "from a SPIRE of others to one of the program's own",
            async () => {
                await takeover.apply({ ...own, mutualAuth: false });
                await helm("upgrade", withSpire("spire-server.own-spire.svc:8081", OWN.sockets));
                await ciliumRolledOut();
                await takeover.apply(own);
            },
        );
        t.diagnostic(JSON.stringify(seen));
        assert.ok(seen.known.plainGapSeconds < 5, `${seen.known.plainGapSeconds} s`);
        await takeover.requireWell();
        assert.deepEqual(await (await server()).entries(), []);
    });
});

async function server(): Promise<SpireServer> {
    const found = await SpireServer.find(new Cluster(), place, 120_000);
    assert.ok(found, "the StatefulSet of the SPIRE server is gone");
    return found;
}

/** The guides' values, with what Cilium's chart asks for since 1.19. */
function withSpire(
    serverAddress: string,
    { workload, admin } = { workload: WORKLOAD_SOCKET, admin: ADMIN_SOCKET },
): Values {
    const sockets = { adminSocketPath: admin, agentSocketPath: workload };
    const mutual = {
        enabled: true,
        install: { enabled: false },
        serverAddress,
        trustDomain: TRUST_DOMAIN,
        ...sockets,
    };
    return { ...values, authentication: { enabled: true, mutual: { spire: mutual } } };
}

/** Their step 5. */
async function patchDaemonSet(): Promise<void> {
    const volume = {
        name: "spire-workload-socket",
        hostPath: { path: "/run/spire/sockets", type: "DirectoryOrCreate" },
    };
    const mount = { name: "spire-workload-socket", mountPath: "/run/spire/sockets" };
    const add = (path: string, value: object) => ({ op: "add", path, value });
    const patch = JSON.stringify([
        add("/spec/template/spec/volumes/-", volume),
        add("/spec/template/spec/containers/0/volumeMounts/-", mount),
    ]);
    await kubectl(`-n kube-system patch daemonset cilium --type=json -p=${patch}`);
}

/** Their step 6: under every agent, each of Cilium's service accounts. */
async function guidesEntries(): Promise<Entry[]> {
    const agents = await (await server()).agents();
    return agents.flatMap(({ spiffeId: parentId }) =>
        ["cilium", "cilium-operator"].map((account) => ({
            id: randomUUID(),
            spiffeId: `spiffe://${TRUST_DOMAIN}/ns/kube-system/sa/${account}`,
            parentId,
            selectors: ["k8s:ns:kube-system", `k8s:sa:${account}`],
        })),
    );
}
