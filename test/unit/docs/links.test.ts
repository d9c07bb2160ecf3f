/** Whatever the documentation points to is there: files, headings, folders of the repository, keys of a stack file. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../../sandbox/host/paths";
import { anchorsOf, documents, inlineCodeOf, linksOf } from "../../support/markdown";
import { isKey } from "./settingKeys";

const exists = (path: string) => existsSync(join(repositoryRoot, path));

/** A file or folder of this repository, written from its root. */
const OWN_PATH =
    /^(bench|components|docs|doctor|entries-provider|examples|rbac|sandbox|settings|test)\/[\w./-]+$/;
/** A key of a stack file below one of its groups, perhaps with a value. */
const KEY =
    /^(?:cilium-spire:)?((?:spire|cilium|images|registration|workloads)\.[A-Za-z][\w.[\]<>]*)/;
/** What looks like a key and is something else. */
const NOT_KEYS = /\.(io|svc|demo|md|ts|yaml)\b/;

for (const file of documents()) {
    test(`links of ${file}`, () => {
        const broken = linksOf(file).filter(({ text }) => {
            if (/^[a-z]+:/.test(text)) return !/^(https|mailto):/.test(text);
            const [path, anchor] = text.split("#");
            const target = path === "" ? file : normalize(join(dirname(file), path!));
            if (!exists(target)) return true;
            return anchor !== undefined && !anchorsOf(target).has(anchor);
        });
        assert.deepEqual(broken, []);
    });

    test(`paths and keys named in ${file}`, () => {
        const unknown = inlineCodeOf(file).filter(({ text }) => {
            if (OWN_PATH.test(text)) return !exists(text);
            const key = KEY.exec(text)?.[1];
            return key !== undefined && !NOT_KEYS.test(key) && !isKey(key);
        });
        assert.deepEqual(unknown, []);
    });
}
