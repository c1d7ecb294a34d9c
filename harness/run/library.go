package run

import (
	"assay/harness/subject"
	"assay/results"
)

// library is what an item runs in.
type library struct {
	env     []string
	runtime results.Runtime
}

// choice is what cases name of a runtime before it is opened.
type choice struct{ runtime, release, devices string }

func choiceOf(it subject.Item) choice { return choice{it.Runtime, it.Case.Release, it.Case.Devices} }
