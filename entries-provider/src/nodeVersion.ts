/** Imported before the Kubernetes client, which in an older Node fails without a word about the reason. */

/** As package.json says; npm only warns. */
const OLDEST_NODE = 22;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new Error(
        `Node ${OLDEST_NODE} or newer is needed, this is ${process.versions.node} (${process.execPath}); put a newer one first on PATH.`,
    );
}
