/** SPIRE's OIDC discovery provider: where verifiers of JWT-SVIDs that do not speak to SPIRE find its keys. */
import { posix } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
    jwtIssuer,
    type OidcDiscoveryProviderSettings,
} from "../../settings/spire/oidcDiscoveryProvider";
import { imageAt, pullSecrets } from "../images";
import { OIDC_PROVIDER_NAME } from "../names";
import { podTemplate } from "../pod";
import type { OidcDiscoveryProviderArgs } from "./args";
import { confText } from "./confText";
import { type Mount, RESTRICTED_CONTAINER, RESTRICTED_POD, secretFiles } from "./podParts";

const LABELS = { "app.kubernetes.io/name": OIDC_PROVIDER_NAME };
const CONFIG_DIR = "/run/spire/config";
const CERTIFICATE_DIR = "/run/spire/certificate";
const PORTS = { https: 8443, http: 8080, health: 8008 };

/**
 * A Deployment that answers `/.well-known/openid-configuration` and `/keys` with the JWT authorities of the trust domain, as
 * the Workload API tells them, and a Service in front of it. It holds no key and has no right, at Kubernetes or at SPIRE.
 *
 * Depend on its registration entry: without one an agent tells it nothing, and no pod is Ready.
 */
export class OidcDiscoveryProvider extends pulumi.ComponentResource {
    constructor(
        name: string,
        args: OidcDiscoveryProviderArgs,
        opts: pulumi.ComponentResourceOptions = {},
    ) {
        super("cilium-spire:spire:OidcDiscoveryProvider", name, {}, opts);
        const parent = { parent: this };
        const { namespace, settings } = args;
        const metadata = { name: OIDC_PROVIDER_NAME, namespace, labels: LABELS };
        const configuration = confText(oidcDiscoveryProviderConf(args));
        const needed = [
            new k8s.core.v1.ServiceAccount(
                OIDC_PROVIDER_NAME,
                { metadata, automountServiceAccountToken: false },
                parent,
            ),
            new k8s.core.v1.ConfigMap(
                OIDC_PROVIDER_NAME,
                { metadata, data: { "provider.conf": configuration } },
                parent,
            ),
        ];
        new k8s.apps.v1.Deployment(
            OIDC_PROVIDER_NAME,
            {
                metadata,
                spec: {
                    replicas: settings.replicas,
                    selector: { matchLabels: LABELS },
                    template: podTemplate({
                        labels: LABELS,
                        configuration,
                        spec: providerPod(args),
                    }),
                },
            },
            { ...parent, dependsOn: needed },
        );
        const port = portOf(settings);
        new k8s.core.v1.Service(
            OIDC_PROVIDER_NAME,
            {
                metadata,
                spec: {
                    type: "ClusterIP",
                    selector: LABELS,
                    ports: [{ name: port, port: port === "https" ? 443 : 80, targetPort: port }],
                },
            },
            parent,
        );
        this.registerOutputs({});
    }
}

function portOf({ certificate }: OidcDiscoveryProviderSettings): "https" | "http" {
    return certificate ? "https" : "http";
}

/**
 * Its configuration. Both URLs are said, so that no header of a request decides what a verifier is told; releases that do not
 * know `jwks_uri` ignore it, and come to the same.
 */
export function oidcDiscoveryProviderConf({
    settings,
    trustDomain,
    workloadSocket,
}: OidcDiscoveryProviderArgs): object {
    const { domain, certificate } = settings;
    const issuer = jwtIssuer(settings);
    return {
        log_level: "info",
        domains: [domain],
        jwt_issuer: issuer,
        jwks_uri: `${issuer}/keys`,
        // Some verifiers take no key without.
        set_key_use: true,
        workload_api: { socket_path: workloadSocket, trust_domain: trustDomain },
        health_checks: { bind_port: PORTS.health, live_path: "/live", ready_path: "/ready" },
        ...(certificate
            ? {
                  serving_cert_file: {
                      cert_file_path: `${CERTIFICATE_DIR}/${certificate.certKey}`,
                      key_file_path: `${CERTIFICATE_DIR}/${certificate.keyKey}`,
                      addr: `:${PORTS.https}`,
                  },
              }
            : { insecure_addr: `:${PORTS.http}` }),
    };
}

/** The spec of the pod: as the restricted level wants it, but for the socket's directory, which is the node's. */
export function providerPod({
    settings,
    images,
    version,
    workloadSocket,
}: OidcDiscoveryProviderArgs) {
    const registry = imageAt(images.registry, "ghcr.io/spiffe/oidc-discovery-provider");
    const port = portOf(settings);
    const probe = (path: string) => ({ httpGet: { path, port: "health" } });
    return {
        serviceAccountName: OIDC_PROVIDER_NAME,
        automountServiceAccountToken: false,
        imagePullSecrets: pullSecrets(images),
        securityContext: RESTRICTED_POD,
        containers: [
            {
                name: OIDC_PROVIDER_NAME,
                image: `${settings.image ?? registry}:${version}`,
                imagePullPolicy: "IfNotPresent",
                command: [
                    "/opt/spire/bin/oidc-discovery-provider",
                    "-config",
                    `${CONFIG_DIR}/provider.conf`,
                ],
                ports: { [port]: PORTS[port], health: PORTS.health },
                readinessProbe: { ...probe("/ready"), periodSeconds: 2 },
                livenessProbe: { ...probe("/live"), initialDelaySeconds: 15, periodSeconds: 30 },
                resources: settings.resources,
                securityContext: RESTRICTED_CONTAINER,
                volumeMounts: mounts(settings, workloadSocket),
            },
        ],
    };
}

function mounts({ certificate }: OidcDiscoveryProviderSettings, socket: string): Mount[] {
    const directory = posix.dirname(socket);
    const config = { name: "config", configMap: { name: OIDC_PROVIDER_NAME } };
    const hostPath = { path: directory, type: "Directory" };
    const files = certificate && [certificate.certKey, certificate.keyKey];
    return [
        { volume: config, destPath: CONFIG_DIR },
        { volume: { name: "workload-socket", hostPath }, destPath: directory },
        ...(files ? [secretFiles("certificate", certificate.name, files, CERTIFICATE_DIR)] : []),
    ];
}
