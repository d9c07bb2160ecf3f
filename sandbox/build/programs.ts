/** The programs that are built from Go modules: of which, and how. */
import { KUBERNETES_VERSION, moduleName, type Versions, wantedVersions } from "./versions";

/** Of the CLI. */
export const PULUMI_VERSION = "3.250.0";

/** One `go build`: some commands of one module, with the same flags. */
export interface Build {
    /** What people are told that is being built. */
    name: string;
    /** Directory below modules/ with go.mod and go.sum. */
    module: string;
    /** File name of the result -> package; one that begins with "." is below the module's directory. */
    commands: Record<string, string>;
    /** Linker variables, `package.Name=value` without single quotes. */
    variables?: string[];
    tags?: string;
    /** Needs a C compiler. All others are without C, as upstream has them, and share what the Go tool compiles. */
    cgo?: true;
    /** A file of a dependency that go:embed needs beside main.go: Go embeds from its own module only. */
    embed?: { module: string; path: string };
    /** Directories below the module's with modules of ours that its go.mod puts in place of others. */
    standIns?: string[];
    /** Of tests, which ask for it when they run. */
    onDemand?: true;
}

const kubernetes = "k8s.io/kubernetes";
const cilium = "github.com/cilium/cilium";
const victoriaMetrics = "github.com/VictoriaMetrics/VictoriaMetrics/app";
/** Runs beside us in the end-to-end tests. */
export const CONTROLLER_MANAGER = "github.com/spiffe/spire-controller-manager";

/** In the order in which they are built: first what the images need, which are made meanwhile. */
export const buildsOf = (versions: Versions): Build[] => [
    {
        name: "Kubernetes",
        module: "kubernetes",
        commands: {
            ...commandsBelow(`${kubernetes}/cmd`, [
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kubectl",
                "kubelet",
            ]),
            // The image of Kubernetes' own tests: HTTP server, client and more in one program.
            agnhost: `${kubernetes}/test/images/agnhost`,
            etcd: "go.etcd.io/etcd/server/v3",
            coredns: "./coredns",
        },
        variables: [`k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`],
    },
    {
        // Not with the rest: it knows a library under a name that differs from theirs only in case.
        name: "storage provisioner",
        module: "kubernetes",
        commands: { "local-path-provisioner": "github.com/rancher/local-path-provisioner" },
    },
    {
        name: `Cilium ${versions.cilium}`,
        module: moduleName("cilium", versions),
        commands: {
            "cilium-agent": `${cilium}/daemon`,
            "cilium-operator-generic": `${cilium}/operator`,
            "cilium-dbg": `${cilium}/cilium-dbg`,
            "cilium-cni": `${cilium}/plugins/cilium-cni`,
            "cilium-health": `${cilium}/cilium-health`,
            "cilium-health-responder": `${cilium}/cilium-health/responder`,
            "cilium-mount": `${cilium}/tools/mount`,
            "cilium-sysctlfix": `${cilium}/tools/sysctlfix`,
        },
        variables: [ciliumVersion(versions.cilium)],
        tags: "osusergo,ipam_provider_operator",
    },
    {
        name: `Hubble ${versions.cilium}`,
        module: moduleName("cilium", versions),
        commands: { hubble: `${cilium}/hubble` },
        variables: [`${cilium}/hubble/pkg.Version=v${versions.cilium}`],
        tags: "osusergo",
    },
    {
        name: `Hubble relay ${versions.cilium}`,
        module: moduleName("cilium", versions),
        commands: { "hubble-relay": `${cilium}/hubble-relay` },
        variables: [ciliumVersion(versions.cilium)],
        tags: "osusergo",
        onDemand: true,
    },
    {
        name: `SPIRE ${versions.spire}`,
        module: moduleName("spire", versions),
        commands: commandsBelow("github.com/spiffe/spire/cmd", ["spire-server", "spire-agent"]),
        tags: "netgo,osusergo,sqlite_omit_load_extension",
        cgo: true, // sqlite
    },
    {
        name: "Pulumi CLI",
        module: "pulumi",
        commands: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
        variables: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI_VERSION}`],
    },
    {
        // Of the CLI's own module. Looks at a sample of the documentation.
        name: "Pulumi ESC's evaluator",
        module: "pulumi",
        commands: { "esc-check": "./esc-check" },
        onDemand: true,
    },
    {
        // With Kubernetes: of its libraries, half are compiled already.
        name: "Kubernetes provider",
        module: "kubernetes",
        commands: { "pulumi-resource-kubernetes": "./pulumi-resource-kubernetes" },
        embed: {
            module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
            path: "cmd/pulumi-resource-kubernetes/schema.json",
        },
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

/** Names of all programs that can be built. */
export const binaryNames = () => namesOf(buildsOf(wantedVersions()));

/** Names of those that a cluster, its images and `pulumi up` need. */
export const commonBinaryNames = () =>
    namesOf(buildsOf(wantedVersions()).filter(({ onDemand }) => !onDemand));

/** Version, revision, date: Cilium's own tools take the string apart. The module does not tell the last two. */
function ciliumVersion(version: string): string {
    return `${cilium}/pkg/version.ciliumVersion=${version} 00000000 1970-01-01T00:00:00+00:00`;
}

function namesOf(builds: Build[]): string[] {
    return builds.flatMap(({ commands }) => Object.keys(commands));
}

function commandsBelow(path: string, names: string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, `${path}/${name}`]));
}
