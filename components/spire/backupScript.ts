/** The script that makes one copy of the datastore. What the user says reaches it by the environment, never by its text. */

/** Directories of the pod. */
interface Dirs {
    data: string;
    recipients: string;
    work: string;
    target: string;
}

interface What {
    datastore: "sqlite3" | "postgres";
    hasKeys: boolean;
    isEncrypted: boolean;
}

/**
 * For `sh -eu`, of POSIX and in busybox as well: no pipe, in which the failure of a program that is not the last is not seen.
 * The environment has NAME, with which file names begin, KEEP, and for PostgreSQL what libpq reads.
 *
 * A file gets its name when it is whole and on the disk; older ones go after that. What an attempt that was killed has left
 * goes first. Should somebody start a second one by hand, the first finds its file gone and fails.
 */
export function backupScript(dirs: Dirs, { datastore, hasKeys, isEncrypted }: What): string {
    const suffix = `${datastore === "sqlite3" ? "tar" : "dump"}${isEncrypted ? ".cms" : ""}`;
    return `fail() { echo "$1" >&2; exit 1; }
umask 077
rm -f "${dirs.target}/.$NAME.part".*
part="$(mktemp "${dirs.target}/.$NAME.part.XXXXXX")"
trap 'rm -f "$part"' EXIT
${datastore === "sqlite3" ? sqliteCopy(dirs, hasKeys) : postgresCopy(dirs)}
${isEncrypted ? encrypt(dirs) : `cp "${dirs.work}/copy" "$part"`}
sync "$part"
file="${dirs.target}/$NAME-$(date -u +%Y%m%dT%H%M%SZ).${suffix}"
mv "$part" "$file"
sync "${dirs.target}"
set -- "${dirs.target}/$NAME"-${TIME}.*
while [ $# -gt "$KEEP" ]; do
    rm "$1"
    shift
done
echo "wrote $file ($(wc -c < "$file") bytes); files kept: $#"
`;
}

/** As `date` writes it above, so that nobody else's files are counted, and the oldest is the first. */
const TIME = `${"[0-9]".repeat(8)}T${"[0-9]".repeat(6)}Z`;

/**
 * One read transaction over the whole database, beside a server that goes on writing: `.backup` would begin anew with each
 * write. It needs the -shm file that a running server has, since the volume is read-only here.
 *
 * Keys that changed meanwhile would not fit the database's journal; the next attempt finds them quiet.
 */
function sqliteCopy({ data, work }: Dirs, hasKeys: boolean): string {
    const lines = [
        `sqlite3 -readonly -bail -cmd '.timeout 30000' "${data}/datastore.sqlite3" "VACUUM INTO '${work}/datastore.sqlite3'"`,
        `[ "$(sqlite3 "${work}/datastore.sqlite3" 'PRAGMA quick_check')" = ok ] || fail "the copy is damaged"`,
    ];
    const files = ["datastore.sqlite3", ...(hasKeys ? ["keys.json"] : [])];
    if (hasKeys) {
        lines.unshift(`cp "${data}/keys.json" "${work}/keys.json"`);
        lines.push(
            `cmp "${data}/keys.json" "${work}/keys.json" || fail "the keys changed meanwhile"`,
        );
    }
    return [...lines, `tar -C "${work}" -cf "${work}/copy" ${files.join(" ")}`].join("\n");
}

/** In PostgreSQL's own format, and read once from end to end. */
function postgresCopy({ work }: Dirs): string {
    return `pg_dump --format=custom --no-password --file="${work}/copy"
pg_restore --file=/dev/null "${work}/copy"`;
}

/** With authentication (GCM): a file that was changed or cut off is refused when it is opened. */
function encrypt({ recipients, work }: Dirs): string {
    return `openssl cms -encrypt -binary -stream -aes-256-gcm -outform DER -in "${work}/copy" -out "$part" "${recipients}"/*.pem`;
}
