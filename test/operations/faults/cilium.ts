/** Faults of Cilium's configuration, and policies that lock out what authentication needs. */
import { main } from "../../../cli/main";
import { BEFORE_TRIAL } from "../../../components/names";
import { kubectl as kubectlOf } from "../../../sandbox/controlPlane/kubectl";
import { kubectl, sandbox } from "../../support/world";
import { type Fault, LOGS } from "./fault";

const GET = "-n kube-system get configmap cilium-config";
const CONFIG = "-n kube-system patch configmap cilium-config --type=merge -p";
const WORKER = "precinct-99-worker";

function put(key: string, value: string): () => Promise<unknown> {
    return () => kubectl(`${CONFIG} ${JSON.stringify({ data: { [key]: value } })}`);
}

/** Of Cilium's ConfigMap, which its pods read when they start. */
export function configFaults(): Fault[] {
    const where = /^ConfigMap kube-system\/cilium-config$/;
    const changed = { check: "cilium", trouble: "cilium-config-changed", where };
    return [
        {
            ...changed,
            name: "a key of Cilium's configuration was changed",
            make: put("mesh-auth-queue-size", "5"),
            says: /^mesh-auth-queue-size is "5", not "1024"$/,
            withNext: true,
        },
        {
            name: "Cilium looks for the admin socket somewhere else",
            make: put("mesh-auth-spire-admin-socket", "/run/spire/else/admin.sock"),
            ...{
                check: "sockets",
                trouble: "socket-admin",
                where: /^DaemonSet kube-system\/cilium$/,
            },
            says: /at \/run\/spire\/else\/admin\.sock, .* have it at \/run\/spire\/admin-sockets\/admin\.sock$/,
            ...{ implied: ["cilium-config-changed"], withNext: true },
        },
        {
            name: "the operator looks for the workload socket somewhere else",
            make: put("mesh-auth-spire-agent-socket", "/run/spire/else/agent.sock"),
            ...{ check: "sockets", trouble: "socket-workload", where: /cilium-operator$/ },
            says: /at \/run\/spire\/else\/agent\.sock, which is not mounted/,
            ...{ implied: ["cilium-config-changed"], withNext: true },
        },
        {
            name: "Cilium keeps its identities in a key-value store",
            make: put("identity-allocation-mode", "kvstore"),
            ...{ check: "cilium", trouble: "cilium-identities-in-kvstore", where },
            ...{ says: /is "kvstore"$/, withNext: true },
        },
        {
            name: "Cilium is told another server",
            make: put("mesh-auth-spire-server-address", "spire-server.spire.svc:8081"),
            ...{ check: "server-address", trouble: "server-address" },
            ...{ says: /does not exist in the server's/, where: /^Service spire\/spire-server$/ },
            implied: ["cilium-config-changed"],
        },
        {
            name: "authentication is half switched off, and there is no stack",
            make: put("mesh-auth-mutual-enabled", "false"),
            ...{ check: "cilium", trouble: "cilium-config-incomplete", where },
            says: /^mesh-auth-mutual-enabled is "false", not "true"$/,
            ...{ withoutStack: true, heal: put("mesh-auth-mutual-enabled", "true") },
        },
    ];
}

/** Pods that started while the ConfigMap was another: it is as it was when the doctor looks. */
export function startFaults(): Fault[] {
    const meanwhile = async (key: string, value: string, restart: () => Promise<unknown>) => {
        const usual = await kubectl(`${GET} -o jsonpath={.data.${key}}`);
        await put(key, value)();
        await restart();
        await put(key, usual)();
    };
    return [
        {
            name: "the operator started while authentication was off",
            make: () =>
                meanwhile("mesh-auth-enabled", "false", async () => {
                    await kubectl("-n kube-system delete pod -l io.cilium/app=operator");
                    const ready = "rollout status deployment/cilium-operator --timeout=120s";
                    await kubectl(`-n kube-system ${ready}`);
                }),
            ...{ check: "operator-start", trouble: "operator-outdated" },
            says: /^mesh-auth-enabled is "true" and was "false" when it started$/,
            where: /^Deployment kube-system\/cilium-operator$/,
            // It says so of the demo's policies; its former self had the lease.
            implied: ["policy-invalid", ...LOGS.server],
        },
        {
            name: "one of Cilium's agents started with another queue",
            make: () =>
                meanwhile("mesh-auth-queue-size", "5", async () => {
                    const pod = `-l k8s-app=cilium --field-selector spec.nodeName=${WORKER}`;
                    await kubectl(`-n kube-system delete pod ${pod}`);
                    await kubectl("-n kube-system rollout status daemonset/cilium --timeout=180s");
                }),
            ...{ check: "cilium-start", trouble: "cilium-agents-outdated" },
            says: new RegExp(
                `^mesh-auth-queue-size is "1024" and was "5" when it started on ${WORKER}$`,
            ),
            where: /^DaemonSet kube-system\/cilium$/,
            implied: [...LOGS.delegate, ...LOGS.server],
        },
    ];
}

/** None of them has an effect on the cluster meanwhile: they deny nothing. */
export function policyFaults(): Fault[] {
    const policy = (name: string, namespace: string | undefined, rule: object) => async () => {
        const wide = namespace === undefined;
        const kind = wide ? "CiliumClusterwideNetworkPolicy" : "CiliumNetworkPolicy";
        const metadata = { name, ...(!wide && { namespace }) };
        const enableDefaultDeny = { ingress: false, egress: false };
        const spec = { enableDefaultDeny, ...rule };
        const input = JSON.stringify({ apiVersion: "cilium.io/v2", kind, metadata, spec });
        return await kubectlOf(sandbox, ["create", "-f", "-"], { input });
    };
    const authentication = { mode: "required" };
    const nobody = { matchLabels: { "lock-test": "nobody" } };
    const ingress = [{ authentication, fromEndpoints: [nobody] }];
    // The API server admits it, Cilium does not.
    const mixed = { fromEndpoints: [nobody], fromCIDR: ["192.0.2.0/24"] };
    const delete_ = /^kubectl (-n \S+ )?delete cilium/;
    const lock = (name: string, what: string, trouble: string, more: object): Fault => ({
        name: `a policy requires authentication of ${what}`,
        ...{ check: "policies", trouble, where: new RegExp(`/?${name}$`), run: delete_ },
        ...(more as Pick<Fault, "make" | "says">),
    });
    return [
        lock("lock-dns", "DNS", "policy-locks-dns", {
            make: policy("lock-dns", "kube-system", {
                endpointSelector: { matchLabels: { "k8s-app": "kube-dns" } },
                ingress,
            }),
            says: /^requires authentication of kube-system\/coredns$/,
        }),
        lock("lock-dns-wide", "DNS, everywhere", "policy-locks-dns", {
            make: policy("lock-dns-wide", undefined, {
                endpointSelector: {
                    matchExpressions: [
                        { key: "k8s:k8s-app", operator: "In", values: ["kube-dns", "other"] },
                    ],
                },
                ingress,
            }),
            says: /^requires authentication of kube-system\/coredns$/,
        }),
        lock("lock-spire", "the SPIRE server", "policy-locks-spire", {
            make: policy("lock-spire", "spire-system", {
                endpointSelector: { matchLabels: { "app.kubernetes.io/name": "spire-server" } },
                ingress,
            }),
            says: /^requires authentication of spire-system\/spire-server$/,
        }),
        lock("lock-storage", "its storage", "policy-locks-storage", {
            make: policy("lock-storage", "local-path-storage", { endpointSelector: {}, ingress }),
            says: /^requires authentication of local-path-storage\/local-path-provisioner/,
        }),
        lock("require-api", "the API server", "policy-requires-reserved", {
            make: policy("require-api", "default", {
                endpointSelector: nobody,
                egress: [{ authentication, toEntities: ["kube-apiserver"] }],
            }),
            says: /^requires authentication of kube-apiserver$/,
        }),
        lock("require-all", "the whole cluster", "policy-requires-all", {
            make: policy("require-all", "default", {
                endpointSelector: nobody,
                ingress: [{ authentication, fromEntities: ["cluster"] }],
            }),
            says: /^requires authentication of cluster$/,
        }),
        {
            ...lock("mixed", "what no rule can have", "policy-invalid", {
                make: policy("mixed", "default", {
                    endpointSelector: nobody,
                    ingress: [{ authentication, ...mixed }],
                }),
                says: /^Cilium says: .*combining \w+ and \w+ is not supported/i,
            }),
            name: "Cilium takes a policy with authentication for invalid",
        },
        {
            ...lock("mixed-plain", "nobody", "policy-invalid-other", {
                make: policy("mixed-plain", undefined, {
                    endpointSelector: nobody,
                    ingress: [mixed],
                }),
                says: /^Cilium says: .*combining \w+ and \w+ is not supported/i,
            }),
            name: "Cilium takes a policy without authentication for invalid",
        },
        {
            name: "cilium-spire enforce was killed while it tried a policy",
            make: async () => {
                const make = policy("on-trial", "default", { endpointSelector: nobody, ingress });
                await make();
                const annotation = `${BEFORE_TRIAL}={"at":"2026-11-30T00:00:00Z"}`;
                const annotate = ["annotate", "ciliumnetworkpolicy", "on-trial", annotation];
                await kubectlOf(sandbox, ["-n", "default", ...annotate]);
            },
            ...{ check: "policies", trouble: "policy-on-trial", says: /^is on trial$/ },
            where: /default\/on-trial$/,
            heal: () => main(["enforce", "dev", "--back"]),
        },
    ];
}
