/** Lists of any length: read page by page, so that neither side ever holds a large one whole. */
import { ApiException, setHeaderOptions } from "@kubernetes/client-node";

/** What a list call is asked for besides its own parameters. */
export interface Page {
    limit: number;
    _continue?: string;
}

/** A list as the typed clients give it, or as the API server wrote it (`continue`). */
export interface List<T> {
    /** `null` is what the API server writes for no custom object at all, where metadata alone is asked for. */
    items: T[] | null;
    metadata?: { _continue?: string; continue?: string };
}

/** As kubectl's. */
const PAGE = 500;
/** How often a list begins anew. Its snapshot lives for five minutes, so a second time is rare. */
const STARTS = 3;
const EXPIRED = 410;

/**
 * Options of a list call whose items are wanted with their metadata alone, which of a Node is a third. A server that
 * cannot do that sends whole objects.
 */
export const METADATA_ONLY = setHeaderOptions(
    "Accept",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
);

/**
 * Reads all pages. When the snapshot that the pages are of has expired (410), the list is read again from its beginning.
 *
 * @param keep what is kept of an item; the rest of its page is forgotten before the next one is asked for.
 * @throws what `read` throws, and Error when the list expires again and again.
 */
export async function readPages<T, K>(
    read: (page: Page) => Promise<List<T>>,
    keep: (item: T) => K,
): Promise<K[]> {
    for (let start = 0; start < STARTS; start++) {
        const kept: K[] = [];
        let next: string | undefined;
        try {
            do {
                const page = await read({ limit: PAGE, ...(next && { _continue: next }) });
                for (const item of page.items ?? []) kept.push(keep(item));
                next = page.metadata?._continue ?? page.metadata?.continue;
            } while (next);
            return kept;
        } catch (error) {
            if (!next || !(error instanceof ApiException) || error.code !== EXPIRED) throw error;
        }
    }
    throw new Error(
        `a list of the Kubernetes API expired ${STARTS} times before its last page was read; is the API server overloaded?`,
    );
}
