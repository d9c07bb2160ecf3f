/** Every command of the documentation can be run: program, verb, flags, files, targets, keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { filesMadeIn, problemOf } from "./commands";
import { allBlocks, type Block, blocksOf } from "../../support/markdown";
import { commandsOf } from "./shell";

/** What is not code, code that a test checks, and programs' output. */
/** `promql`: made of rules that test/engine/rules runs. */
const LANGUAGES = ["text", "sh", "ts", "yaml", "promql"];

const README = "README.md";

const shellBlocks = allBlocks().filter(({ language }) => language === "sh");

async function problemsOf(block: Block): Promise<string[]> {
    const options = { input: block.text, reject: false };
    const { failed, stderr } = await execa("bash", ["-n"], options);
    if (failed) return [`${block.file}:${block.line}: ${stderr}`];
    // The README makes the stack that other pages are about.
    const read = [...shellBlocks, block].filter(({ file }) => [README, block.file].includes(file));
    const made = filesMadeIn(block.file, read.flatMap(commandsOf));
    const problems = await Promise.all(
        commandsOf(block).map(async (command) => {
            const problem = await problemOf(command, made);
            return problem && `${command.at}: ${problem}`;
        }),
    );
    return problems.filter((problem) => problem !== undefined);
}

test("every block says its language, one that a test knows", () => {
    const unknown = allBlocks().filter(({ language }) => !LANGUAGES.includes(language));
    assert.deepEqual(
        unknown.map(({ file, line, language }) => `${file}:${line}: "${language}"`),
        [],
    );
});

for (const block of shellBlocks) {
    test(`the commands of ${block.file}:${block.line} can be run`, async () => {
        assert.deepEqual(await problemsOf(block), []);
    });
}

test("what is wrong is found", async () => {
    const cases: Record<string, RegExp> = {
        "make upp": /the Makefile has no upp/,
        "npm run -s docter -- dev": /no script docter/,
        "npm run -s sandbox -- fly": /no verb fly/,
        "pulumi upp": /pulumi has no command "upp"/,
        "pulumi up --stak dev": /pulumi up has no flag --stak/,
        "pulumi up -s staging": /there is no Pulumi\.staging\.yaml/,
        "pulumi config set --path cilium-spire:spire.replicas 3": /is not a key/,
        "kubectl create secret generik x": /kubectl create secret has no command "generik"/,
        "kubectl apply -f nothing.yaml": /there is no file nothing\.yaml/,
        "kubectl -n a exec -i p -- spire-server entry creat": /spire-server entry has no command/,
        "kubectl exec -it p -- /opt/spire/bin/spire-server entry create -ttl 5": /no flag -ttl/,
        "helm upgrade --instal x y": /helm upgrade has no flag --instal/,
        "kind create cluster --configg x": /no rule knows the flag --configg/,
        "kubectl exec p -- cilium-dbg bpf auth lst": /no command cilium-dbg_bpf_auth_lst/,
        "kubectl exec p -- cilium-dbg monitor --typ=drop":
            /cilium-dbg_monitor has no option --typ$/,
        "terraform apply": /no rule knows "terraform apply"/,
        'A=$(make nothing) && echo "$(make this)"': /no nothing.*no this.*no rule knows "echo/,
        "if true; then": /syntax error/,
    };
    for (const [text, expected] of Object.entries(cases)) {
        const [block] = blocksOf("wrong.md", `\`\`\`sh\n${text}\n\`\`\``);
        assert.match((await problemsOf(block!)).join(), expected, text);
    }
});
