/** Cilium's configuration, and the address by which its operator finds the SPIRE server. */
import { ciliumArgs } from "../../components/cilium/args";
import { meshAuthConfig } from "../../components/cilium/meshAuthConfig";
import { CILIUM } from "../../components/names";
import { LeftOut } from "../leftOut";
import { type Check, found, type Trouble } from "./check";

const CHANGED: Trouble = {
    id: "cilium-config-changed",
    symptom:
        "Authentication stops after somebody else's `helm upgrade`, or after the ConfigMap of Cilium was edited.",
    why: "Cilium's agents and its operator read it when they start: the next one that restarts has it wrong.",
    cure: "run `pulumi up --refresh`, then restart the pods of Cilium: `kubectl -n NAMESPACE rollout restart daemonset/cilium deployment/cilium-operator`",
};
const OFF: Trouble = {
    id: "cilium-config-incomplete",
    symptom:
        "`mode: required` has no effect, or blocks all, although the keys of mutual authentication seem to be set.",
    why: "Cilium authenticates by SPIRE only with all of these keys.",
    cure: "set `authentication.enabled=true` and `authentication.mutual.spire.enabled=true` in the release of Cilium, with `install.enabled=false`",
};
const KVSTORE: Trouble = {
    id: "cilium-identities-in-kvstore",
    symptom: "SPIRE never gets an entry below `/identity/`.",
    why: "The operator registers CiliumIdentity objects, of which there are none with a key-value store.",
    cure: "set `identityAllocationMode=crd` in the release of Cilium; where that is so, and the ConfigMap was edited: `pulumi up --refresh`",
};
const ADDRESS: Trouble = {
    id: "server-address",
    symptom: "cilium-operator logs `unable to connect to SPIRE server`, or dials `None:8081`.",
    why: "The operator asks the API for the Service's ClusterIP (cilium operator/auth/spire/client.go) and dials that.",
    cure: "`mesh-auth-spire-server-address` must name a Service with a ClusterIP, `NAME.NAMESPACE.svc:8081`: run `pulumi up --refresh`",
};

const TRUST_DOMAIN: Trouble = {
    id: "trust-domain",
    symptom:
        "Authentication fails everywhere; Cilium has one trust domain (`spiffe.cilium`), the server another.",
    why: "Cilium asks for SPIFFE IDs that this server never gives out, and refuses the server's own.",
    cure: "set `authentication.mutual.spire.trustDomain` in the release of Cilium to that of the server, or `trustDomain` of the stack, and run `pulumi up --refresh`",
};

const config: Check = {
    id: "cilium",
    name: "Cilium's configuration",
    troubles: [CHANGED, OFF, KVSTORE],
    run: async (patient) => {
        const { namespace } = patient.site;
        const where = `ConfigMap ${namespace}/${CILIUM.configMap}`;
        const data = (await patient.ciliumConfig()) ?? {};
        const findings = [];
        if (patient.stack) {
            const wanted = meshAuthConfig(ciliumArgs(patient.stack.settings));
            const wrong = Object.entries(wanted)
                .filter(([key, value]) => data[key] !== value)
                .map(([key, value]) => `${key} is "${data[key] ?? ""}", not "${value}"`);
            if (wrong.length > 0) {
                const words = { NAMESPACE: namespace };
                findings.push(found(CHANGED, where, wrong.join("; "), words));
            }
        } else {
            const wrong = incompleteConfig(data);
            if (wrong.length > 0) findings.push(found(OFF, where, wrong.join("; ")));
        }
        const mode = "identity-allocation-mode";
        if (data[mode] === "kvstore") findings.push(found(KVSTORE, where, `${mode} is "kvstore"`));
        const on = patient.site.mutualAuth;
        const seen = on ? "has mutual authentication with this SPIRE" : "has authentication off";
        return { seen, findings };
    },
};

/** What keeps Cilium from authenticating by SPIRE, whichever; in words. */
export function incompleteConfig(data: Record<string, string>): string[] {
    const wanted = ["mesh-auth-enabled", "mesh-auth-mutual-enabled"];
    const off = wanted.filter((key) => data[key] !== "true");
    const paths = ["mesh-auth-spire-admin-socket", "mesh-auth-spire-agent-socket"];
    const absent = paths.filter((key) => !data[key]);
    const port = "mesh-auth-mutual-listener-port";
    if (data[port] === "0") absent.push(port);
    return [
        ...off.map((key) => `${key} is "${data[key] ?? ""}", not "true"`),
        ...absent.map((key) => `${key} is not set`),
    ];
}

const address: Check = {
    id: "server-address",
    name: "address of the server",
    troubles: [ADDRESS],
    run: async (patient) => {
        const { cluster, site } = patient;
        const { namespace, statefulSet } = patient.serverRef();
        if (!site.mutualAuth) return { seen: "not needed", findings: [] };
        const data = (await patient.ciliumConfig()) ?? {};
        const text = data["mesh-auth-spire-server-address"] ?? "";
        const [, name, home] = /^([^.:]+)\.([^.:]+)\.svc\b/.exec(text) ?? [];
        const where = `Service ${home ?? namespace}/${name ?? statefulSet}`;
        const wrong = (what: string) => ({ seen: "", findings: [found(ADDRESS, where, what)] });
        if (name === undefined || home === undefined) {
            return wrong(`"${text}" is not the name of a Service`);
        }
        // Of another name or place: the configuration is wrong, which its own check says.
        const service =
            home === namespace
                ? await cluster.find(cluster.core.readNamespacedService({ name, namespace: home }))
                : undefined;
        if (!service) return wrong("does not exist in the server's namespace");
        const ip = service.spec?.clusterIP;
        if (!ip || ip === "None") return wrong("has no ClusterIP");
        return { seen: `${text} is ${ip}`, findings: [] };
    },
};

const trustDomain: Check = {
    id: "trust-domain",
    name: "trust domain",
    troubles: [TRUST_DOMAIN],
    run: async (patient) => {
        const { namespace } = patient.site;
        const where = `ConfigMap ${namespace}/${CILIUM.configMap}`;
        const agents = await patient.agents();
        const served = new Set(agents.map(({ spiffeId }) => new URL(spiffeId).host));
        if (served.size === 0)
            throw new LeftOut("no agent has attested, so the server's is not known");
        const key = "mesh-auth-spiffe-trust-domain";
        const wanted = (await patient.ciliumConfig())?.[key];
        if (!patient.site.mutualAuth || wanted === undefined || served.has(wanted)) {
            return { seen: [...served].join(), findings: [] };
        }
        const what = `${key} is "${wanted}", agents have attested in ${[...served].join()}`;
        return { seen: "", findings: [found(TRUST_DOMAIN, where, what)] };
    },
};

export const ciliumChecks = [config, trustDomain, address];
