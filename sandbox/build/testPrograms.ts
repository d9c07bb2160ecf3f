/** The programs that tests ask for when they run. */
import { type Build, commandsBelow } from "./build";
import { moduleName, type Versions } from "./versions";

const cilium = "github.com/cilium/cilium";
const victoriaMetrics = "github.com/VictoriaMetrics/VictoriaMetrics/app";
/** Runs beside the SPIRE server where a stack asks for it. */
export const CONTROLLER_MANAGER = "github.com/spiffe/spire-controller-manager";

export const testBuilds = (versions: Versions): Build[] => [
    {
        // Of the same module as server and agents, whose libraries are compiled then.
        name: `SPIRE's OIDC discovery provider ${versions.spire}`,
        module: moduleName("spire", versions),
        commands: commandsBelow("github.com/spiffe/spire/support", ["oidc-discovery-provider"]),
        tags: "netgo,osusergo",
        onDemand: true,
    },
    {
        name: "Helm and spire-controller-manager",
        module: "kubernetes",
        commands: {
            helm: "helm.sh/helm/v3/cmd/helm",
            "spire-controller-manager": `${CONTROLLER_MANAGER}/cmd`,
        },
        onDemand: true,
    },
    {
        // Of a release in which it was part of a Go module that can be had; newer CLIs work with it. The tests run the
        // CLI by itself with it; the Automation API needs none.
        name: "Pulumi language host",
        module: "pulumi-language-nodejs",
        commands: {
            "pulumi-language-nodejs":
                "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        },
        onDemand: true,
    },
    {
        name: "Pulumi's YAML language host",
        module: "pulumi-language-yaml",
        commands: commandsBelow("github.com/pulumi/pulumi-yaml/cmd", ["pulumi-language-yaml"]),
        onDemand: true,
    },
    // Ours, of a file each.
    ...["stolen-agent", "svid-tls"].map((name): Build => ({
        name,
        module: name,
        commands: { [name]: "." },
        onDemand: true,
    })),
    {
        // An image registry in one program (`crane registry serve`).
        name: "crane",
        module: "crane",
        commands: { crane: "github.com/google/go-containerregistry/cmd/crane" },
        onDemand: true,
    },
    {
        name: "actionlint",
        module: "actionlint",
        commands: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" },
        onDemand: true,
    },
    {
        // Runs alert rules on made-up series, as `promtool test rules` does, which takes two minutes to build.
        name: "vmalert-tool",
        module: "victoria-metrics",
        commands: commandsBelow(victoriaMetrics, ["vmalert-tool"]),
        onDemand: true,
    },
    {
        // A database that scrapes as Prometheus does, and what evaluates rules on it.
        name: "VictoriaMetrics",
        module: "victoria-metrics",
        commands: commandsBelow(victoriaMetrics, ["victoria-metrics", "vmalert"]),
        onDemand: true,
    },
    {
        name: "prometheus-operator",
        module: "prometheus-operator",
        commands: {
            "prometheus-operator":
                "github.com/prometheus-operator/prometheus-operator/cmd/operator",
        },
        onDemand: true,
    },
    {
        // The last release whose controller is in the module that its libraries are in, too. It serves the kinds of newer ones.
        name: "cert-manager",
        module: "cert-manager",
        commands: {
            "cert-manager-controller": "github.com/cert-manager/cert-manager/cmd/controller",
        },
        onDemand: true,
    },
    {
        name: "kubeconform",
        module: "kubeconform",
        commands: { kubeconform: "github.com/yannh/kubeconform/cmd/kubeconform" },
        onDemand: true,
    },
    {
        // GitOps: what pulls a repository, and what applies it.
        name: "Flux",
        module: "flux",
        commands: {
            "source-controller": "github.com/fluxcd/source-controller",
            "kustomize-controller": "github.com/fluxcd/kustomize-controller",
        },
        onDemand: true,
    },
    {
        // Cilium's own acceptance tests (`cilium connectivity test`), of the one release that has them in a Go module that can be
        // had; they fit older and newer agents.
        name: "Cilium CLI",
        module: "acceptance-tests",
        commands: { cilium: `${cilium}/cilium-cli/cmd/cilium` },
        standIns: ["charts"],
        onDemand: true,
    },
    {
        name: "CoreDNS of Cilium's acceptance tests",
        module: "kubernetes",
        commands: { "coredns-local": "./coredns-local" },
        onDemand: true,
    },
];
