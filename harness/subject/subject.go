package subject

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/predict/arch"
	"assay/results"
)

// Subject is a model as one runtime takes it. [Of] is the one place where a
// reference becomes one: what cannot be is refused there, or by [Subject.Settle],
// in the same sentence whoever asks.
type Subject struct {
	Ref     string
	Facts   arch.Facts
	Runtime runtime.Runtime
	// WeightType is the type of the weights where only facts are known.
	WeightType string
	// Device is where all layers are to lie, as a library names it; empty is the host.
	Device string
}

// Ask names a subject: a reference, and a runtime by name, empty for the one that
// the model's format says.
type Ask struct {
	Ref, Runtime, WeightType string
	// Device is where all layers are to lie; empty is the host.
	Device string
	// Skeleton is the kind that will be written; empty is one without data, of which
	// only shapes count.
	Skeleton string
}

// Of loads the facts and joins them with the runtime.
func Of(ctx context.Context, a Ask) (Subject, error) {
	if a.Runtime == "" {
		a.Runtime = runtimes.For(a.Ref)
	}
	if a.Skeleton == "" {
		a.Skeleton = runtime.SkeletonSparse
	}
	rt, err := runtimes.Named(a.Runtime)
	if err != nil {
		return Subject{}, err
	}
	a.WeightType = Spelled(a.WeightType, rt.WeightTypes(a.Skeleton))
	if err := CheckType("weight type", a.WeightType, rt.WeightTypes(a.Skeleton)); err != nil {
		return Subject{}, failure.Input(err)
	}
	f, err := Facts(ctx, a.Ref)
	if err != nil {
		return Subject{}, err
	}
	return Subject{Ref: a.Ref, Facts: f, Runtime: rt, WeightType: a.WeightType, Device: a.Device}, nil
}

// Settle is the case as the runtime takes it for the model: without what makes no
// difference, and a plan that names no context with the model's own. A value that
// cannot be, and a setting that would be dropped without a word, are refused.
func (s Subject) Settle(asked results.Case) (results.Case, error) {
	for _, set := range results.Settings {
		if !set.KnownTo(s.Runtime.Name()) {
			continue
		}
		if err := CheckSetting(set, set.Of(asked), []runtime.Runtime{s.Runtime}); err != nil {
			return asked, failure.Input(err)
		}
	}
	if asked.Kind == results.KindPlan && asked.NCtx == 0 {
		if asked.NCtx = int(s.Facts.ContextLength); asked.NCtx == 0 {
			return asked, failure.Input(fmt.Errorf("%s names no context length that it was trained with; give one with -c", s.Facts.Name))
		}
	}
	settled := s.Runtime.Settle(asked, s.Facts)
	for _, set := range results.Settings {
		if set.Missed != "" && set.KnownTo(s.Runtime.Name()) && !set.Zero(asked) && set.Zero(settled) {
			return settled, failure.Input(fmt.Errorf("%s (%s) does not reach %s: %s; leave it out",
				results.Dashed(set.Flag), set.Name, s.Facts.Name, fmt.Sprintf(set.Missed, s.Facts.ModelType)))
		}
	}
	return settled, nil
}

// Predict predicts a settled case of the model itself, in the pinned release.
func (s Subject) Predict(c results.Case) (*results.Predicted, error) {
	return s.Runtime.Predict(s.Facts, s.Facts, s.WeightType, c, results.Runtime{Device: s.Device})
}

// Item is the subject with a settled case, to be run or recorded.
func (s Subject) Item(c results.Case) Item {
	return Item{Runtime: s.Runtime.Name(), Ref: s.Ref, WeightType: s.WeightType, Case: c, Facts: s.Facts, Run: s.Facts}
}

// CheckSetting holds a value against its bounds and, if it is a type of the
// cache, against those that one of the runtimes has.
func CheckSetting(s results.Setting, v any, among []runtime.Runtime) error {
	if err := s.Check(v); err != nil {
		return err
	}
	if name, ok := v.(string); ok && s.Types {
		return CheckType("cache type", name, AllOf(among, runtime.Runtime.CacheTypes))
	}
	return nil
}

// AllOf joins what several runtimes know.
func AllOf(among []runtime.Runtime, types func(runtime.Runtime) []string) []string {
	var all []string
	for _, rt := range among {
		for _, name := range types(rt) {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// CheckType names what there is where a type is not, in either case: an empty one
// is the default, and no list means that the runtime has no such setting.
func CheckType(noun, name string, known []string) error {
	same := func(other string) bool { return strings.EqualFold(other, name) }
	if name == "" || len(known) == 0 || slices.ContainsFunc(known, same) {
		return nil
	}
	return fmt.Errorf("there is no %s %q; there are %s", noun, name, strings.Join(known, ", "))
}

// Spelled is the type as the list of those that are known has it, whichever case it
// was typed in. The first that fits is meant: a file's name before a tensor's type,
// so that q4_0 is a file of Q4_0, whose head is larger.
func Spelled(name string, known []string) string {
	if at := slices.IndexFunc(known, func(other string) bool { return strings.EqualFold(other, name) }); at >= 0 {
		return known[at]
	}
	return name
}
