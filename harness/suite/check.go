package suite

import (
	"fmt"
	"slices"
	"strings"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/results"
)

// CheckCase says what of a single case the runtime cannot do, whatever the
// model. kind is that of the skeleton that is written, runtime.SkeletonSparse where
// only shapes count.
func CheckCase(rt runtime.Runtime, kind, weightType string, c results.Case) error {
	for _, s := range results.Settings {
		if err := checkSetting(s, s.Of(c), []runtime.Runtime{rt}); err != nil {
			return failure.Input(err)
		}
	}
	return CheckWeights(rt, kind, weightType)
}

// Spelled is the weight type as the runtime's list of them has it, whichever case
// it was typed in. The first that fits is meant: a file's name before a tensor's
// type, so that q4_0 is a file of Q4_0, whose head is larger.
func Spelled(rt runtime.Runtime, kind, weightType string) string {
	known := rt.WeightTypes(kind)
	if at := slices.IndexFunc(known, func(name string) bool { return strings.EqualFold(name, weightType) }); at >= 0 {
		return known[at]
	}
	return weightType
}

// CheckWeights refuses a type that the matrices of such a skeleton cannot have.
func CheckWeights(rt runtime.Runtime, kind, weightType string) error {
	if err := checkType(rt.Name()+" weight type", weightType, rt.WeightTypes(kind)); err != nil {
		return failure.Input(err)
	}
	return nil
}

// CheckFlag refuses a flag that the one runtime that is looked at does not have.
// What is looked at is a plan: a context is every runtime's there.
func CheckFlag(flag, name string) error {
	for _, s := range results.Settings {
		if s.Flag == flag || s.LlamaBench[1] == flag {
			if err := s.Refuse([]string{name}, []results.Kind{results.KindPlan}, NotToRun); err != nil {
				return failure.Input(err)
			}
		}
	}
	return nil
}

// NotToRun says why a runtime's setting is refused where others were chosen.
const NotToRun = "is not to run"

// Unreached refuses a setting that was asked for, that the runtime has, and that
// does not reach the model.
func Unreached(rt runtime.Runtime, asked, settled results.Case, f arch.Facts) error {
	for _, s := range results.Settings {
		if s.Missed != "" && s.KnownTo(rt.Name()) && !s.Zero(asked) && s.Zero(settled) {
			return failure.Input(fmt.Errorf("%s (%s) does not reach %s: %s; leave it out",
				results.Dashed(s.Flag), s.Name, f.Name, fmt.Sprintf(s.Missed, f.ModelType)))
		}
	}
	return nil
}
