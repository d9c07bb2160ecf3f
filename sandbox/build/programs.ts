/** The programs that are built from Go modules: of which, and how. */
import { type Build, commandsBelow } from "./build";
import { testBuilds } from "./testPrograms";
import { KUBERNETES_VERSION, moduleName, type Versions, wantedVersions } from "./versions";

/** Of the CLI. */
export const PULUMI_VERSION = "3.250.0";

const kubernetes = "k8s.io/kubernetes";
const cilium = "github.com/cilium/cilium";

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
    ...testBuilds(versions),
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
