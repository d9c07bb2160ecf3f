/**
 * Single settings of SPIRE's configuration files, which are JSON or HCL: rules look at stacks of others too. Only what is
 * written as a literal is found, which SPIRE's own format has no other way to write.
 */

/** The values that a setting has in a file. A line that is commented out has none. */
export function settingsIn(text: string, key: string): string[] {
    const assignment = new RegExp(`(?<![\\w.])"?${key}"?\\s*[:=]\\s*"([^"\\n]*)"`, "g");
    return [...withoutComments(text).matchAll(assignment)].map(([, value]) => value!);
}

/** The texts in the lists that a setting has in a file. */
export function listsIn(text: string, key: string): string[] {
    const assignment = new RegExp(`(?<![\\w.])"?${key}"?\\s*[:=]\\s*\\[([^\\]]*)\\]`, "g");
    return [...withoutComments(text).matchAll(assignment)].flatMap(([, list]) =>
        [...list!.matchAll(/"([^"\n]*)"/g)].map(([, value]) => value!),
    );
}

function withoutComments(text: string): string {
    return text.replaceAll(/^\s*(?:#|\/\/).*$/gm, "");
}
