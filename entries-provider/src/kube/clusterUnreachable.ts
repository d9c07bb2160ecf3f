/** A cluster cannot be asked at all: no kubeconfig, no such context, no credentials, or no answer within the deadline. */
export class ClusterUnreachable extends Error {}
