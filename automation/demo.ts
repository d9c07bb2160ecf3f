/** The proof with the pods of examples/mtls-demo. */
import type { Cluster, SpireServerRef } from "@cilium-spire/entries-provider";
import { Proof } from "../doctor/proof/proof";
import { CLIENTS, NAMESPACE, PORT, SERVER, STRANGER } from "../examples/mtls-demo/names";

export function demoProof(
    cluster: Cluster,
    stack: { trustDomain: string; spireServer: SpireServerRef },
): Proof {
    const scene = {
        namespace: NAMESPACE,
        server: SERVER,
        port: PORT,
        clients: CLIENTS,
        stranger: STRANGER,
    };
    return new Proof(cluster, stack, scene);
}
