// Package subject joins what a case needs: a model with its facts, a runtime, and
// parameters that fit both. It does not know suites, nor how a case is run.
package subject

import (
	"context"
	"fmt"

	"assay/harness/failure"
	"assay/harness/runtimes"
	"assay/predict/arch"
	"assay/results"
)

// ModelOf is the model of an item in the record's words.
func ModelOf(it Item) results.Model {
	m := results.Model{
		Ref: it.Ref, Name: it.Facts.Name, FactsSHA256: it.Facts.SHA256(),
		Skeleton: it.Skeleton, WeightType: it.WeightType,
	}
	if file := it.Facts.File; file != nil && it.Skeleton == "" {
		m.HeaderSHA256, m.FileType, m.SizeBytes, m.NParams = file.HeaderSHA256, file.Type, &file.Bytes, file.Params
	}
	if rt, err := runtimes.Named(it.Runtime); err == nil {
		m.Arch = rt.Architecture(it.Facts)
	}
	return m
}

// Item is one case of an expanded suite: a runtime, a model and parameters.
type Item struct {
	Runtime    string       `json:"runtime"`
	Ref        string       `json:"ref"`
	Skeleton   string       `json:"skeleton,omitempty"`
	WeightType string       `json:"weight_type,omitempty"`
	Case       results.Case `json:"case"`

	// Facts are the model's, Run those of what stands in for it.
	Facts arch.Facts `json:"-"`
	Run   arch.Facts `json:"-"`
}

// Timed reports whether the item is repeated under the clock.
func (it Item) Timed() bool {
	return it.Case.Kind == results.KindPrefill || it.Case.Kind == results.KindDecode
}

// Load reads the facts, which a journal does not hold, and those of the skeleton
// that stands in for the model.
func (it *Item) Load(ctx context.Context) error {
	if len(it.Facts.Layers) == 0 {
		f, err := Facts(ctx, it.Ref)
		if err != nil {
			return err
		}
		it.Facts = f
	}
	it.Run = it.Facts
	if it.Skeleton == "" {
		return nil
	}
	rt, err := runtimes.Named(it.Runtime)
	if err != nil {
		return err
	}
	if it.Run, err = rt.SkeletonFacts(it.Facts, it.Skeleton); err != nil {
		return failure.Input(fmt.Errorf("a skeleton of %s: %w", it.Ref, err))
	}
	return nil
}
