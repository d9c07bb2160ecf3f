#!/usr/bin/env node
/**
 * The command `cilium-spire`, from its TypeScript, with the compiler that `pulumi up` runs the program with: the two are
 * always of one age, whatever bin/ holds. Types are not checked; the program's own run does that.
 *
 * JavaScript, so that it runs without a build. Exit codes: those of main.ts.
 */
"use strict";
const { join } = require("node:path");

/** @param {NodeJS.WriteStream} stream */
const written = (stream) => new Promise((resolve) => stream.write("", resolve));

try {
    // Where the SDK looks ts-node up, or has its own (@pulumi/pulumi cmd/run/run.js).
    const { tsnodeRequire } = require("@pulumi/pulumi/tsutils").typeScriptRequireStrings();
    require(tsnodeRequire).register({
        compiler: require.resolve("typescript"),
        project: join(__dirname, "..", "tsconfig.json"),
        transpileOnly: true,
    });
    const { main } = require("./main.ts");
    void main(process.argv.slice(2)).then(async (code) => {
        // A pipe takes 64 KiB at a time, and process.exit forgets what waits for its reader.
        await Promise.all([process.stdout, process.stderr].map(written));
        process.exit(code);
    });
} catch (error) {
    console.error(`cilium-spire: ${error.message}`);
    if (error.code === "MODULE_NOT_FOUND") console.error('cilium-spire: run "npm ci"');
    process.exit(2);
}
