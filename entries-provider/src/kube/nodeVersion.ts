/** Imported before the Kubernetes client, which in an older Node fails without a word about the reason. */

/** As package.json says, for undici, by which the client speaks HTTP; npm only warns. */
const OLDEST_NODE = "22.19.0";

const wanted = OLDEST_NODE.split(".").map(Number);
const found = process.versions.node.split(".").map(Number);
const difference = wanted.map((part, i) => (found[i] ?? 0) - part).find((d) => d !== 0) ?? 0;

if (difference < 0) {
    throw new Error(
        `Node ${OLDEST_NODE} or newer is needed, this is ${process.versions.node} (${process.execPath}); put a newer one first on PATH.`,
    );
}
