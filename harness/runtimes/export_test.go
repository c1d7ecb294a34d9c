package runtimes

import "assay/harness/runtime"

// AddRow puts one more row into the table, for the tests.
func AddRow(rt runtime.Runtime) { rows = append(rows, rt) }
