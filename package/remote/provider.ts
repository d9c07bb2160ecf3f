/** The components that programs in other languages can use, as a plugin of Pulumi's. */
import * as pulumi from "@pulumi/pulumi";
import { MutualAuthPolicy } from "../../components/cilium/authPolicy";
import { type About, packageSchema } from "./packageSchema";
import { decodePolicy, policyArgs } from "./policy";

const PACKAGE = "cilium-spire";
/** The type that the component has in TypeScript: a program may change its language and keep its resources. */
const POLICY = `${PACKAGE}:cilium:MutualAuthPolicy`;

class Components implements pulumi.provider.Provider {
    readonly version: string;
    readonly schema: string;

    constructor(about: About) {
        this.version = about.version;
        this.schema = JSON.stringify(packageSchema(about, POLICY, policyArgs));
    }

    construct(
        name: string,
        type: string,
        inputs: pulumi.Inputs,
        options: pulumi.ComponentResourceOptions,
    ): Promise<pulumi.provider.ConstructResult> {
        if (type !== POLICY) {
            throw new Error(`${type} is not a component of this package; use ${POLICY}`);
        }
        const { urn } = new MutualAuthPolicy(name, decodePolicy(inputs), options);
        return Promise.resolve({ urn, state: {} });
    }
}

/**
 * Serves the components until the engine ends this process.
 *
 * @param manifest of the npm package, whose name is another.
 */
export async function serve({ version, description }: Omit<About, "name">): Promise<void> {
    const components = new Components({ name: PACKAGE, version, description });
    await pulumi.provider.main(components, process.argv.slice(2));
}
