import { dependencyDir, moduleSource } from "../../sandbox/build/binaries";
import { moduleName, wantedVersions } from "../../sandbox/build/versions";

/** Cilium's sources, documentation and CRDs included, of the version that the stack `dev` names. */
export function ciliumSource(): Promise<string> {
    const source = moduleSource(moduleName("cilium", wantedVersions()));
    return dependencyDir("github.com/cilium/cilium", source);
}
