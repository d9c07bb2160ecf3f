/** What stands between `pulumi destroy` and the network of a cluster. */
import * as pulumi from "@pulumi/pulumi";

/** The engine names what it will not delete, so the name says what to do. */
const NAME = "destroy-needs-protect-false";

/**
 * The resource on which a destroy fails before it has deleted anything, while it is protected.
 *
 * Protecting what would be missed is not enough: the engine looks at `protect` only when a resource's turn comes, deletes
 * dependents first, and after a failure goes on with all but what the failed one depends on (pkg/resource/deploy,
 * DeleteStep.Apply and deploymentExecutor). So this one depends on everything.
 *
 * @param everything what the stack consists of, with all that is in its components.
 * @param ofChart the objects of a chart, which the engine does not count as a dependency with the chart.
 */
export class Protection extends pulumi.ComponentResource {
    constructor(
        protect: boolean,
        everything: pulumi.Resource[],
        ofChart: pulumi.Output<pulumi.Resource[]>,
    ) {
        const dependsOn = ofChart.apply((objects) => [...everything, ...objects]);
        super("cilium-spire:index:Protection", NAME, {}, { protect, dependsOn });
        this.registerOutputs({});
    }
}
