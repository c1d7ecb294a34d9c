// Package runtimes is the table of the runtimes: a row each, found by name or by the
// format of a model. It does not know what is run in them.
package runtimes

import (
	"fmt"
	"slices"
	"strings"

	"assay/harness/failure"
	"assay/harness/llamacpp"
	"assay/harness/mlx"
	"assay/harness/runtime"
)

// rows is the table: what else assay knows of a runtime are the methods of its row.
var rows = []runtime.Runtime{llamacpp.Runtime{}, mlx.Runtime{}}

// All are all runtimes, in the order in which they are shown.
func All() []runtime.Runtime { return slices.Clone(rows) }

// Named returns the runtime of that name.
func Named(name string) (runtime.Runtime, error) {
	var names []string
	for _, rt := range All() {
		if rt.Name() == name {
			return rt, nil
		}
		names = append(names, rt.Name())
	}
	return nil, failure.Input(fmt.Errorf("there is no runtime %q; known are %s", name, strings.Join(names, ", ")))
}
