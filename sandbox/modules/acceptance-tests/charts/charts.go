// Package charts stands in for github.com/cilium/charts, a module with every published Helm chart as an archive. The tests install
// nothing with the CLI; it only wants to know a version when it starts.
package charts

import "embed"

// HelmFS has one archive, which is empty.
//
//go:embed cilium-1.18.4.tgz
var HelmFS embed.FS
