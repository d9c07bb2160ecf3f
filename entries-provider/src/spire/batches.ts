/** Lists in parts that SPIRE's server takes at once. */

/** Most items of a batch. */
const ITEMS = 500;
/**
 * Most bytes of a batch, as JSON. SPIRE's API takes and gives gRPC messages of up to 4 MiB (gRPC's default); the same
 * data is smaller there, and an answer repeats the entries with a status each.
 */
const BYTES = 1024 * 1024;

/** Splits a list, in its order. An item that is too large by itself is a batch of its own, for SPIRE to refuse. */
export function* batchesOf<T>(items: readonly T[]): Generator<T[]> {
    let batch: T[] = [];
    let bytes = 0;
    for (const item of items) {
        const size = Buffer.byteLength(JSON.stringify(item));
        if (batch.length === ITEMS || (batch.length > 0 && bytes + size > BYTES)) {
            yield batch;
            batch = [];
            bytes = 0;
        }
        batch.push(item);
        bytes += size;
    }
    if (batch.length > 0) yield batch;
}
