/** The proof with the pods of examples/mtls-demo. */
import type { Cluster } from "@cilium-spire/entries-provider";
import type { Authority } from "../../doctor/discovery";
import { Proof } from "../../doctor/proof/proof";
import { CLIENTS, NAMESPACE, PORT, SERVER, STRANGER } from "../../examples/mtls-demo/names";

export function demoProof(cluster: Cluster, authority: Authority): Proof {
    const scene = {
        namespace: NAMESPACE,
        server: SERVER,
        port: PORT,
        clients: CLIENTS,
        stranger: STRANGER,
    };
    return new Proof(cluster, authority, scene);
}
