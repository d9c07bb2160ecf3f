/** What a build of Go programs is. */

/** One `go build`: some commands of one module, with the same flags. */
export interface Build {
    /** What people are told that is being built. */
    name: string;
    /** Directory below modules/ with go.mod and go.sum. */
    module: string;
    /** File name of the result -> package; one that begins with "." is below the module's directory. */
    commands: Record<string, string>;
    /** Linker variables, `package.Name=value` without single quotes. */
    variables?: string[];
    tags?: string;
    /** Needs a C compiler. All others are without C, as upstream has them, and share what the Go tool compiles. */
    cgo?: true;
    /** A file of a dependency that go:embed needs beside main.go: Go embeds from its own module only. */
    embed?: { module: string; path: string };
    /** Directories below the module's with modules of ours that its go.mod puts in place of others. */
    standIns?: string[];
    /** Of tests, which ask for it when they run. */
    onDemand?: true;
}

/** The commands of a directory, by their names. */
export function commandsBelow(path: string, names: string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, `${path}/${name}`]));
}
