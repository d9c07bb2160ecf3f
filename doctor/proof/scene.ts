/** The pods that a proof is made with. */

/** By the label `app`, which also names their container. The image of clients and stranger has Kubernetes' agnhost. */
export interface Scene {
    namespace: string;
    /** Name of the Service, too. Its policy requires authentication, and lets in the clients alone. */
    server: string;
    /** Port of the Service. */
    port: number;
    /** One on the node of the server and one on another, where there is another. */
    clients: { sameNode: string; otherNode?: string };
    /** The policy does not name it. */
    stranger: string;
}
