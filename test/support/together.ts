/**
 * Runs the test files that are its arguments in one process, one after the other: the packages that most of them load take longer
 * than their tests. Each file is a suite, so that its hooks are its own, with its own copies of the project's modules and its own environment.
 */
import { relative } from "node:path";
import { after, before, describe } from "node:test";
import { repositoryRoot } from "../../sandbox/host/paths";

const inherited = { ...process.env };

function setEnvironment(env: NodeJS.ProcessEnv): void {
    for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, env);
}

for (const path of process.argv.slice(2)) {
    for (const file of Object.keys(require.cache)) {
        if (!/[/\\]node_modules[/\\]/.test(file)) Reflect.deleteProperty(require.cache, file);
    }
    describe(relative(repositoryRoot, path), () => {
        let own = inherited;
        before(() => setEnvironment(own));
        // Here, so that a file is read, and what it says of the environment, before the next.
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        require(path);
        own = { ...process.env };
        setEnvironment(inherited);
        after(() => setEnvironment(inherited));
    });
}
