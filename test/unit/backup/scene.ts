/** A server with something of each kind on it, its loss, and the command lines about both. */
import { mock } from "node:test";
import { type Entry, toData } from "@cilium-spire/entries-provider";
import { main } from "../../../cli/main";
import { bundleWith, FakeFederation } from "../../support/fakeFederation";
import type { FakeSpire, Interference } from "../../support/fakeSpire";

const TD = "spiffe://demo.local";
const AGENT = `${TD}/spire/agent/k8s_psat/precinct-99`;

export function entry(more: Partial<Entry> = {}): Entry {
    const place = { spiffeId: `${TD}/shop`, parentId: `${AGENT}/uid-a` };
    return { id: "shop", ...place, selectors: ["k8s:ns:shop"], ...more };
}

export function give(spire: FakeSpire, one: Entry): void {
    spire.data.set(one.id, toData(one) as never);
}

/** Entries of each kind, another trust domain, and a banned agent. */
export function fill(spire: FakeSpire): void {
    const everything: Entry = {
        ...entry({
            id: "everything",
            spiffeId: `${TD}/all`,
            selectors: ["k8s:ns:a", "k8s:sa:b:c"],
        }),
        ...{ admin: true, downstream: true, x509SvidTtl: 60, jwtSvidTtl: 30, hint: "h" },
        ...{ dnsNames: ["a.test", "b.test"], federatesWith: ["other.test"] },
        ...{ storeSvid: true, expiresAt: 4_000_000_000 },
        additionalAttributes: { jwt_svid_include_jti: true },
    };
    const server = `${TD}/spire/server`;
    give(
        spire,
        entry({
            id: "alias",
            spiffeId: `${TD}/nodes`,
            parentId: server,
            selectors: ["k8s_psat:cluster:c"],
        }),
    );
    give(
        spire,
        entry({
            id: "cilium-spire.dev.cilium.uid-a.parent-link",
            spiffeId: `${TD}/cilium-operator`,
        }),
    );
    give(spire, everything);
    give(spire, entry({ id: "gone", parentId: `${AGENT}/uid-gone` }));
    const [spiffeId, parentId] = [`${TD}/identity/17947`, `${TD}/cilium-operator`];
    give(spire, entry({ id: "identity", spiffeId, parentId, selectors: ["cilium:mutual-auth"] }));
    give(spire, entry());
    spire.federation.bundles.set("other.test", bundleWith("their CA"));
    spire.federation.relationships.set("other.test", {
        ...{ trustDomain: "other.test", bundleEndpointURL: "https://other.test/" },
        ...{
            bundleEndpointProfile: "https_spiffe",
            endpointSPIFFEID: "spiffe://other.test/spire/server",
        },
    });
    spire.agents.get("uid-b")!.banned = true;
}

/** A server with an empty datastore, to which both agents have come back. */
export function lose(spire: FakeSpire): void {
    spire.data.clear();
    spire.federation = new FakeFederation();
    spire.federation.own = bundleWith("our new CA");
    spire.attest("a");
    spire.attest("b");
}

export function only(asked: string, answer: object): Interference {
    return (what) => (what === asked ? answer : undefined);
}

/** A command line as a user types it. */
export async function run(...argv: string[]) {
    const [output, errors] = [mock.method(console, "log"), mock.method(console, "error")];
    const said = (method: typeof output) => {
        const lines = method.mock.calls.map(({ arguments: [line] }) => String(line));
        method.mock.restore();
        return lines.join("\n");
    };
    output.mock.mockImplementation(() => undefined);
    errors.mock.mockImplementation(() => undefined);
    const code = await main(argv);
    return { code, output: said(output), errors: said(errors) };
}
