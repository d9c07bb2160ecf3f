/** The names that the demo's program and its proof share. */

export const NAMESPACE = "mtls-demo";
export const SERVER = "echo";
export const PORT = 8080;
/** May talk to the server, once authenticated. */
export const CLIENTS = { sameNode: "client-same-node", otherNode: "client-other-node" } as const;
/** May not, authenticated or not: the policy does not name it. */
export const STRANGER = "stranger";
