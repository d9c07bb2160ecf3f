/** What an image is that a Dockerfile describes, as far as a container notices: how it starts, and what is prepared for it. */
import { posix } from "node:path";
import {
    Add,
    Arg,
    Cmd,
    Copy,
    DockerfileParser,
    Entrypoint,
    Env,
    type Instruction,
    Run,
    User,
    Workdir,
} from "dockerfile-ast";
import type { ImageConfig } from "../../sandbox/build/archive";

/** A directory or file that the Dockerfile makes. */
export interface Prepared {
    /** `user:group`. */
    owner: string;
    /** Undefined when the Dockerfile does not say. */
    mode?: number;
    /** Of a file, as setcap takes them. */
    capabilities?: string;
}

export interface Built {
    config: ImageConfig;
    directories: Record<string, Prepared>;
    files: Record<string, Prepared>;
}

type Variables = Record<string, string>;

const ROOT = "0:0";

/**
 * The image of a stage.
 *
 * @param args build arguments.
 * @param base the image of a FROM that is no stage of this file.
 * @throws Error for a stage that the Dockerfile does not have.
 */
export function buildImage(
    text: string,
    args: Variables,
    base: (reference: string) => ImageConfig,
    stage?: string,
): Built {
    const globals: Variables = {};
    const stages = new Map<string, Instruction[]>();
    for (const instruction of DockerfileParser.parse(text).getInstructions()) {
        if (instruction.getKeyword() === "FROM")
            stages.set(stageName(instruction, stages.size), [instruction]);
        else if (stages.size > 0) [...stages.values()].at(-1)!.push(instruction);
        else if (instruction.getKeyword() === "ARG") declare(instruction, globals, args);
    }
    const build = (name: string, baseOf: typeof base): Built => {
        const [from, ...rest] = stages.get(name) ?? [];
        if (!from) throw new Error(`the Dockerfile has no stage "${name}"`);
        const word = words(from).filter((w) => !w.startsWith("--"))[0]!;
        const reference = expand(word.replace(/^"(.*)"$/, "$1"), globals);
        const below: Built = stages.has(reference)
            ? build(reference, baseOf)
            : { config: baseOf(reference), directories: {}, files: {} };
        const image: Built = structuredClone(below);
        const variables: Variables = {};
        // How a stage starts that is only copied from does not matter.
        const copied = (other: string) => build(other, () => ({}));
        const scope = { variables, globals, args, build: copied, stages };
        for (const each of rest) apply(each, image, scope);
        return image;
    };
    return build(stage ?? [...stages.keys()].at(-1)!, base);
}

interface Scope {
    variables: Variables;
    globals: Variables;
    args: Variables;
    build: (name: string) => Built;
    stages: Map<string, unknown>;
}

function apply(instruction: Instruction, image: Built, scope: Scope): void {
    const { config } = image;
    const text = expand(instruction.getArgumentsContent() ?? "", scope.variables);
    if (instruction instanceof Copy || instruction instanceof Add) copy(instruction, image, scope);
    else if (instruction instanceof Env) {
        for (const property of instruction.getProperties()) {
            const name = property.getName();
            const value = expand(property.getValue() ?? "", scope.variables);
            scope.variables[name] = value;
            const others = (config.Env ?? []).filter((each) => !each.startsWith(`${name}=`));
            config.Env = [...others, `${name}=${value}`];
        }
    } else if (instruction instanceof Entrypoint) {
        config.Entrypoint = strings(instruction, scope.variables);
        delete config.Cmd;
    } else if (instruction instanceof Cmd) config.Cmd = strings(instruction, scope.variables);
    else if (instruction instanceof Run) prepare(text, image);
    else if (instruction instanceof User) config.User = text;
    else if (instruction instanceof Arg) {
        declare(instruction, scope.variables, { ...scope.globals, ...scope.args });
    } else if (instruction instanceof Workdir) {
        config.WorkingDir = text;
        // The base images that this is said of have /tmp, with a mode of its own.
        if (text !== "/" && text !== "/tmp")
            image.directories[text] ??= { owner: ROOT, mode: 0o755 };
    }
}

/** What `mkdir` and `setcap` of a RUN make; packages and the like are not looked at. */
function prepare(script: string, image: Built): void {
    for (const [, paths] of script.matchAll(/\bmkdir (?:-p )?((?:\/[^\s;&]+\s*)+)/g)) {
        for (const path of paths!.trim().split(/\s+/)) {
            image.directories[path] = { owner: ROOT, mode: 0o755 };
        }
    }
    for (const [, capabilities, path] of script.matchAll(/\bsetcap (\S+) (\S+)/g)) {
        image.files[path!] = { owner: ROOT, ...image.files[path!], capabilities };
    }
}

function copy(instruction: Copy | Add, image: Built, { variables, build, stages }: Scope): void {
    const flag = (name: string) =>
        instruction
            .getFlags()
            .filter((f) => f.getName() === name)
            .map((f) => expand(f.getValue() ?? "", variables))[0];
    const paths = instruction.getArguments().map((a) => expand(a.getValue(), variables));
    const target = paths.pop()!;
    const mode = flag("chmod") === undefined ? undefined : parseInt(flag("chmod")!, 8);
    const owner = (flag("chown") ?? ROOT).replace("root:root", ROOT);
    const from = flag("from");
    const source = from !== undefined && stages.has(from) ? build(from) : undefined;
    for (const path of paths) {
        const inside = Object.keys(source?.directories ?? {}).filter((d) =>
            d.startsWith(`${path}/`),
        );
        // A whole stage becomes the image: what matters of it is told by its packages, which are not looked at.
        if (path === "/" && target === "/") continue;
        if (from === "scratch" || inside.length > 0) {
            const made =
                from === "scratch"
                    ? [target]
                    : inside.map((d) => posix.join(target, d.slice(path.length)));
            for (const directory of made)
                image.directories[directory] = { owner, mode: mode ?? 0o755 };
            continue;
        }
        const file = target.endsWith("/") ? posix.join(target, posix.basename(path)) : target;
        const { capabilities } = source?.files[path] ?? {};
        image.files[posix.resolve("/", file)] = {
            owner,
            mode,
            ...(capabilities && { capabilities }),
        };
    }
}

function declare(instruction: Instruction, into: Variables, given: Variables): void {
    const [name, ...value] = (instruction.getArgumentsContent() ?? "").split("=");
    const found = given[name!] ?? (value.length ? expand(value.join("="), into) : undefined);
    if (found !== undefined) into[name!] = found;
}

/** `$NAME`, `${NAME}`, `${NAME#prefix}` and `${NAME%suffix}`. */
function expand(text: string, variables: Variables): string {
    return text.replace(
        /\$\{(\w+)(?:([#%])([^}]*))?\}|\$(\w+)/g,
        (whole: string, braced?: string, cut?: string, affix?: string, plain?: string) => {
            const value = variables[braced ?? plain!];
            if (value === undefined) return whole;
            if (!affix) return value;
            if (cut === "#" && value.startsWith(affix)) return value.slice(affix.length);
            if (cut === "%" && value.endsWith(affix)) return value.slice(0, -affix.length);
            return value;
        },
    );
}

function strings(instruction: Entrypoint | Cmd, variables: Variables): string[] {
    return instruction.getJSONStrings().map((s) => expand(s.getJSONValue(), variables));
}

function words(instruction: Instruction): string[] {
    return (instruction.getRawArgumentsContent() ?? "").split(/\s+/).filter(Boolean);
}

function stageName(from: Instruction, index: number): string {
    const all = words(from);
    const as = all.findIndex((word) => word.toLowerCase() === "as");
    return as < 0 ? String(index) : all[as + 1]!;
}
