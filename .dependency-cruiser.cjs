/**
 * The plan of the house: floors from the ground up, each of which uses only those below it, and no circle, neither of
 * files nor of folders. `npm run -s floors` checks it, `npm run -s graph` prints it.
 */
"use strict";
const { builtinModules } = require("node:module");

const NODES_OWN = builtinModules.map((name) => `^${name}$`);

const FLOORS = [
    "^versions/",
    "^settings/",
    "^components/",
    "^doctor/",
    "^backup/",
    "^enforcement/",
    "^review/",
    "^gitops/",
    "^fleet/",
    "^cli/",
    // The program.
    "^(config|outputs|state|index)\\.ts$",
    // What other programs get of it.
    "^package/",
    // Not shipped.
    "^sandbox/",
    "^examples/",
    "^automation/",
    "^bench/",
    "^policy/",
    "^(test|docs|site)/",
];

/** Packages of their own, which the engine loads without the program. Users name the first in their programs' states. */
const PROVIDER = "^entries-provider/";
const POLICY = "^policy/";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
    forbidden: [
        { name: "circle", severity: "error", from: {}, to: { circular: true } },
        {
            name: "circle-of-folders",
            severity: "error",
            scope: "folder",
            from: {},
            to: { circular: true },
        },
        ...FLOORS.slice(0, -1).map((floor, i) => ({
            name: `climb-from-${floor.replaceAll(/\\.ts|[^a-z|]/g, "").replaceAll("|", "-")}`,
            severity: "error",
            from: { path: floor },
            to: { path: FLOORS.slice(i + 1) },
        })),
        {
            name: "provider-apart",
            severity: "error",
            from: { path: PROVIDER },
            to: { path: FLOORS },
        },
        {
            name: "policy-apart",
            severity: "error",
            from: { path: POLICY },
            to: { path: [...FLOORS.filter((floor) => floor !== POLICY), PROVIDER] },
        },
        {
            name: "no-pulumi-below-components",
            severity: "error",
            from: { path: ["^versions/", "^settings/", PROVIDER] },
            to: { path: "@pulumi/" },
        },
        {
            name: "kubernetesx-in-one-place",
            severity: "error",
            from: { pathNot: "^components/pod\\.ts$" },
            to: { path: "@pulumi/kubernetesx" },
        },
        { name: "unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    ],
    options: {
        doNotFollow: { path: "node_modules" },
        preserveSymlinks: true,
        exclude: {
            path: [
                "^bin/",
                "^package/dist/",
                "^examples/(own-program|consumer-stack)/",
                "^node_modules/(?!@pulumi/)",
                "^(?!node_modules/).*\\.[cm]?js$",
                ...NODES_OWN,
            ],
        },
        tsPreCompilationDeps: true,
        tsConfig: { fileName: "tsconfig.json" },
        combinedDependencies: true,
        enhancedResolveOptions: {
            exportsFields: ["exports"],
            conditionNames: ["require", "node", "default", "types"],
        },
    },
};
