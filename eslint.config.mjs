import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

export default tseslint.config(
    {
        ignores: [
            ...["**/node_modules/", "**/bin/", "**/dist/"],
            // They compile with the packages that they install (test/support/packages.ts).
            ...["examples/own-program/", "examples/consumer-stack/"],
        ],
    },
    {
        files: ["**/*.ts", "**/*.mts"],
        extends: [tseslint.configs.strictTypeChecked],
        plugins: { "@pulumi": pulumi },
        languageOptions: {
            parserOptions: {
                project: ["tsconfig.json", "entries-provider/tsconfig.json", "site/tsconfig.json"],
                tsconfigRootDir: import.meta.dirname,
            },
        },
        rules: {
            "@pulumi/no-output-in-template-literal": "error",
            "max-lines": ["error", 250],
            // The Kubernetes API types every field as optional, also those that it always sets.
            "@typescript-eslint/no-non-null-assertion": "off",
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
            // node:test's test() and describe() return promises that the runner awaits.
            "@typescript-eslint/no-floating-promises": [
                "error",
                {
                    allowForKnownSafeCalls: [
                        { from: "package", name: ["test", "describe", "it"], package: "node:test" },
                    ],
                },
            ],
            "@typescript-eslint/no-confusing-void-expression": [
                "error",
                { ignoreArrowShorthand: true },
            ],
            "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_" }],
        },
    },
    // The program is read as a table of contents.
    { files: ["index.ts"], rules: { "max-lines": ["error", 60] } },
);
