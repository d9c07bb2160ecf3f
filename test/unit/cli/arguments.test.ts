/** What each command line means, and what is said of one that means nothing. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { main } from "../../../cli/main";

/** The line's exit code and what it printed. Only lines that end before a cluster is asked. */
async function run(...argv: string[]): Promise<{ code: number; output: string }> {
    let output = "";
    const write = (text: string) => {
        output += text;
        return true;
    };
    const streams = [process.stdout, process.stderr].map((stream) => {
        const written = stream.write.bind(stream);
        // What is not text is what the test runner reports, of tests before this one as well.
        const take = (chunk: string | Uint8Array) =>
            typeof chunk === "string" ? write(chunk) : written(chunk);
        return mock.method(stream, "write", take);
    });
    const say = mock.method(console, "error", (line: string) => write(`${line}\n`));
    try {
        return { code: await main(argv), output };
    } finally {
        for (const stream of streams) stream.mock.restore();
        say.mock.restore();
    }
}

test("a line that means nothing is refused, with what is wrong", async () => {
    const cases: [string[], RegExp][] = [
        [[], /Usage: cilium-spire/],
        [["docter", "prod"], /unknown command 'docter'\n\(Did you mean doctor\?\)/],
        [["doctor", ""], /argument 'stack'.*It is empty/],
        [["doctor", "prod", "60"], /too many arguments/],
        [["doctor", "prod", "--wiat=1"], /unknown option '--wiat=1'/],
        [
            ["doctor", "prod", "--only", "x"],
            /'--only <check>' argument 'x' is invalid. There are api-server, /,
        ],
        [
            ["doctor", "prod", "--watch", "--wait", "5"],
            /'--watch' cannot be used with option '--wait/,
        ],
        [
            ["doctor", "--watch", "--bundle", "x.tgz"],
            /'--bundle <file>' cannot be used with option '--watch'/,
        ],
        [["doctor", "--bundle", "x.zip"], /'--bundle <file>'.*It must end with \.tgz/],
        [["doctor", "prod", "--wait"], /'--wait <seconds>' argument missing/],
        ...["doctor", "prove"].flatMap((verb): [string[], RegExp][] => [
            [[verb, "prod", "--context", "x"], /a stack has kubeContext/],
            [[verb, "prod", "--kubeconfig", "x"], /a stack has kubeContext/],
            [[verb, "--stdin"], /--stdin needs the name of the stack/],
            [[verb, "--kubeconfig", "/none"], /\/none/],
        ]),
        [["backup"], /missing required argument 'file'/],
        [["backup", "dev"], /"dev" is a stack; name the file to write after it/],
        [["backup", "a", "b", "c"], /the name of a stack, if there is one, and one file/],
        [["backup", "dev", ""], /the name of a stack, if there is one, and one file/],
        [["backup", "prod", "x", "--context", "y"], /a stack has kubeContext/],
        [["backup", "x", "--stdin"], /--stdin needs the name of the stack/],
        [["restore", "dev"], /missing required argument 'file'/],
        [["restore", "dev", "x", "--conflicts", "merge"], /choices are refuse, keep, overwrite/],
        [["restore", "dev", "none"], /none does not exist; name a file that "cilium-spire backup"/],
        [
            ["diff", "--format", "html"],
            /'html' is invalid. Allowed choices are text, markdown, json/,
        ],
        [["diff", "a", "b"], /too many arguments/],
        [["observe"], /required option '--namespace <name>' not specified/],
        [["observe", "--namespace", "x", "--for", "1.5"], /'--for <seconds>'.*whole number/],
        [["observe", "prod", "--namespace", "x", "--context", "y"], /a stack has kubeContext/],
        [["observe", "--namespace", "x", "--stdin"], /--stdin needs the name of the stack/],
        [
            ["observe", "dev", "--namespace", "x", "--write", "package.json"],
            /package\.json is there already: name another file\n/,
        ],
        [
            ["observe", "dev", "--namespace", "x", "--write", "none/policies.yaml"],
            /none does not exist; make that folder first/,
        ],
        [["enforce", "dev"], /give policies by --file, or --back without any/],
        [["enforce", "--back", "--file", "x"], /give policies by --file, or --back without any/],
        [["enforce", "dev", "--file"], /'--file <file\.\.\.>' argument missing/],
        [["enforce", "dev", "--file", "none"], /none does not exist; name a file with policies/],
        [["enforce", "dev", "--file", "package.json"], /package\.json: kind is undefined/],
        [["enforce", "dev", "--back", "--context", "x"], /a stack has kubeContext/],
        [["prove", "--pull-secret", "x"], /--pull-secret needs --namespace/],
        [["fleet"], /missing required argument 'action'/],
        [
            ["fleet", "down"],
            /'down' is invalid for argument 'action'\. Allowed choices are preview, up/,
        ],
        [["fleet", "up", "a", "b"], /too many arguments/],
        [["fleet", "up", "none.yaml"], /none\.yaml does not exist; write "waves: /],
        [["fleet", "preview", "--wait", "5"], /--wait is for up/],
        ...["0", "100", "x"].map((many): [string[], RegExp] => [
            ["fleet", "up", "--parallel", many],
            /'--parallel <stacks>' argument '.*' is invalid\. Give a whole number from 1 to 99/,
        ]),
    ];
    const waits = ["", "NaN", "1e3", "1.5", "100000", "Infinity", "-1"].map(
        (wait): [string[], RegExp] => [
            ["doctor", "prod", `--wait=${wait}`],
            /option '--wait <seconds>' argument '.*' is invalid. Give a whole number of seconds, up to 99999/,
        ],
    );
    for (const [argv, problem] of [...cases, ...waits]) {
        const { code, output } = await run(...argv);
        assert.equal(code, 2, argv.join(" "));
        assert.match(output, problem);
        assert.doesNotMatch(output, /^ +at /m);
    }
});

test("a stack without a file is told so", async () => {
    for (const [verb, ...rest] of [["doctor"], ["prove"], ["backup", "cannot.backup"]]) {
        const { code, output } = await run(verb!, "--", "--odd", ...rest);
        assert.equal(code, 2);
        assert.match(output, /^cilium-spire: Pulumi\.--odd\.yaml does not exist/);
    }
});

test("help of the command and of each verb", async () => {
    for (const argv of [["--help"], ["doctor", "--help"], ["help", "prove"], ["help", "backup"]]) {
        const { code, output } = await run(...argv);
        assert.equal(code, 0);
        assert.match(output, /^Usage: cilium-spire/);
    }
});
