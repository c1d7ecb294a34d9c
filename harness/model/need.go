package model

import (
	"fmt"

	"assay/harness/failure"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/results"
)

// needOf is all that is predicted of what the case takes.
func needOf(p *results.Predicted) *results.Memory {
	if p.Memory != nil {
		return p.Memory
	}
	return &results.Memory{WeightBytes: p.WeightBytes, KVBytes: p.KVBytes}
}

// readable refuses a file that the runtime cannot read: what it would make of other
// files of the same model is asked of those.
func readable(s subject.Subject) error {
	if format := runtimes.FormatOf(s.Ref); s.Facts.File != nil && format != "" && format != s.Runtime.Name() {
		return failure.Input(fmt.Errorf("%s is a file for %s, which %s does not read; ask of the model's Hugging Face folder, of hf:ORG/NAME "+
			"or of a preset, or leave --runtime %s out",
			s.Ref, format, s.Runtime.Name(), s.Runtime.Name()))
	}
	return nil
}
