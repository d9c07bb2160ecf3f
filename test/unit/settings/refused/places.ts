/** Sockets, ports, hosts, URLs and images. */
import { type Refusal, values } from "./refusal";

const socket = (workload: unknown) => ({ spire: { sockets: { workload } } });
const agent = (agent: object) => ({ spire: { agent } });
const server = (server: object) => ({ spire: { server } });
const postgres = (settings: object) =>
    server({
        datastore: { type: "postgres", host: "db", passwordSecret: { name: "p" }, ...settings },
    });
const mutual = (port: unknown) => ({ cilium: { authentication: { mutual: { port } } } });

const PLACE =
    /sockets\.workload = .*: must be the path of a file in a directory of its own below \/run/;
const OWN = /sockets\.workload = .*: must be in a directory of its own: .*; use another/;
const IMAGE = /image = .*: must (not have a tag or digest.*; remove it|be an image repository)/;
const HOST = /host = .*: must be a DNS name or an IP address, without a port/;
const URL = /jwtIssuer = .*: must (be a URL that begins with https|not contain credentials)/;
const TEXT =
    /datastore\.(user|database) = .*: must (not contain control|be at most 63 bytes|not be empty)/;

const paths: Refusal[] = [
    ...values(socket, PLACE, [
        "/admin.sock",
        "/run/agent.sock",
        "/etc/spire/agent.sock",
        "/proc/1/agent.sock",
        "/var/run/spire/sockets/agent.sock",
        "run/a/agent.sock",
        "/run/a/../agent.sock",
        "/run//agent.sock",
        "/run/a/",
        "/run/a: b/agent.sock",
        "/run/a/#x.sock",
        '/run/a/"x.sock',
        "/run/a/{{ .Values }}",
        "/run/ü/agent.sock",
        "/run/a\n/agent.sock",
        "",
    ]),
    ...values(socket, OWN, [
        "/run/spire/agent.sock",
        "/run/spire/data/agent.sock",
        "/run/spire/config/agent.sock",
        "/run/spire/bundle/agent.sock",
        "/run/secrets/tokens/agent.sock",
        "/run/cilium/agent.sock",
        "/run/cilium/cgroupv2/agent.sock",
        "/run/containerd/agent.sock",
        "/run/crio/agent.sock",
        "/run/systemd/agent.sock",
        "/run/netns/agent.sock",
        "/run/user/agent.sock",
    ]),
    ...values(socket, /sockets\.workload = .*: is longer than the 107 bytes.*; shorten it/, [
        `/run/${"a".repeat(100)}/agent.sock`,
    ]),
    ...values(
        (admin) => ({ spire: { sockets: { admin } } }),
        /sockets\.admin = .*: the admin socket is in or below .*; use a sibling/,
        ["/run/spire/sockets/admin.sock", "/run/spire/sockets/a/admin.sock"],
    ),
];

const images: Refusal[] = [
    ...values((image) => server({ image }), IMAGE, [
        "ghcr.io/spiffe/spire-server:1.15.3",
        "spire-server:latest",
        `ghcr.io/spiffe/spire-server@sha256:${"a".repeat(64)}`,
        "https://ghcr.io/spiffe/spire-server",
        "ghcr.io/Spiffe/server",
        "ghcr.io/spiffe/",
        "a b",
        "",
    ]),
    ...values((image) => agent({ image }), IMAGE, ["registry:5000/agent:1", "agent@sha256:1"]),
    ...values(
        (registry) => ({ images: { registry } }),
        /images\.registry = .*: must be a registry/,
        [
            "https://registry.example.org",
            "registry.example.org/",
            "registry",
            "registry.example.org/a:1",
            "1.2.3.4:",
        ],
    ),
    ...values(
        (registry) => ({ images: { registry } }),
        /images\.registry = .*: must have a port from 1 to 65535/,
        ["registry.example.org:0", "localhost:65536/a"],
    ),
    ...values((image) => agent({ image }), /image = .*: must have a port/, ["localhost:99999/a"]),
    ...values(
        (names) => ({ images: { pullSecrets: names } }),
        /pullSecrets.*: (names a Secret twice; remove one|must)/,
        [["a", "a"], ["A"], ["a..b"], "a"],
    ),
];

const hosts: Refusal[] = [
    ...values((host) => postgres({ host }), HOST, [
        "db:5432",
        "db.example.org:5432",
        "[::1]:5432",
        "[::1]",
        "postgres://db",
        "db/spire",
        "user@db",
        "-db",
        "db..org",
        "1:2",
        "db ",
        "",
        "10.0.0.256",
        "10.0.0",
    ]),
    ...values(
        (k8sServiceHost) => ({ cilium: { k8sServiceHost, k8sServicePort: 6443 } }),
        /without a port/,
        ["api:6443", "https://api"],
    ),
    ...values((jwtIssuer) => server({ jwtIssuer }), URL, [
        "http://a.org",
        "https://",
        "https:///x",
        "https://a.org:99999",
        "https://user:secret@a.org",
        "https://token@a.org/x",
        "https://a.org/a b",
        "a.org",
    ]),
    {
        name: "a password does not come out in the message",
        settings: server({ jwtIssuer: "https://user:secret@a.org" }),
        message: /^(?![^]*secret)[^]*:\/\/\*\*\*@a\.org/,
    },
    ...values((user) => postgres({ user }), TEXT, [
        "",
        "a\u0000b",
        "a\nb",
        "ü".repeat(32),
        "a".repeat(64),
    ]),
    ...values((database) => postgres({ database }), TEXT, ["", "a\u0000b", "𐍈".repeat(16)]),
];

const ports: Refusal[] = [
    ...values(mutual, /mutual\.port = .*: must be (a port number|1 to 65535)/, [
        0,
        -1,
        65536,
        1.5,
        "4250",
    ]),
    ...values(
        mutual,
        /mutual\.port = \d+: is (the port of .*|spire\.agent\..*) on the same hosts; use/,
        [22, 2379, 4240, 4244, 6443, 9234, 9879, 9962, 9982, 9988, 10250, 10257],
    ),
    ...values(
        (healthPort) => agent({ healthPort }),
        /healthPort = .*: .*; choose another/,
        [4250, 6443, 9988, 10250, 10259],
    ),
    ...values(
        (metricsPort) => agent({ metricsPort }),
        /metricsPort = .*: .*; choose another/,
        [4244, 9965],
    ),
];

export const places = [...paths, ...images, ...hosts, ...ports];
