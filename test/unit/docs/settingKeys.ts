/** The keys of a stack file, as docs/reference.md lists them. */
import { reference } from "../../../docs/reference";

/** Each key as a pattern: `<key>` is any name, `[]` any place of a list. */
const patterns = [...reference().matchAll(/^\| `([^`]+)`/gm)].map(([, key]) => {
    const source = key!
        .replaceAll(/[.[\]]/g, "\\$&")
        .replaceAll("<key>", "[^.]+")
        .replaceAll("\\[\\]", "(\\[\\d*\\])?");
    // Of free content, only the beginning is known.
    return new RegExp(
        `^${source}${/^cilium\.values$|Labels$|\.affinity$/.test(key!) ? "(\\..+)?" : ""}$`,
    );
});

/** Whether a stack file may have this key, such as `spire.server.replicas`. */
export function isKey(key: string): boolean {
    return patterns.some((pattern) => pattern.test(key));
}
