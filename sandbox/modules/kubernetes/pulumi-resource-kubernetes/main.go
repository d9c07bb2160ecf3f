// The Kubernetes provider of Pulumi. The upstream command generates a file at build time that its Go
// module does not contain; this one passes the schema of the same module instead.
package main

import (
	_ "embed"

	provider "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// schema.json is copied from the module when this is built (sandbox/build/binaries.ts).
//
//go:embed schema.json
var schema []byte

// The last argument maps Terraform names, which this provider does not have.
func main() {
	provider.Serve("kubernetes", "4.25.0", schema, []byte("{}"))
}
