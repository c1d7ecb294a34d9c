package suite

import (
	"context"
	"fmt"
	"slices"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/predict/arch"
	"assay/results"
)

// Expand makes the items of a suite for the given runtimes. Groups that name
// runtimes of their own run only there, and skeletons of a type that one
// runtime does not have only in the others. Facts of a model are read once. A
// setting that no runtime of its group has, or that does not reach a model, is
// refused: it would be dropped without a word.
func Expand(ctx context.Context, s Suite, names []string) ([]subject.Item, error) {
	if m := s.checkKnown(names); m != nil {
		return nil, s.at(m.group, m)
	}
	facts := map[string]arch.Facts{}
	var items []subject.Item
	for gi, g := range s.Groups {
		for _, ref := range g.Models {
			f, ok := facts[ref]
			if !ok {
				var err error
				if f, err = subject.Facts(ctx, ref); err != nil {
					return nil, s.at(gi, err)
				}
				facts[ref] = f
			}
			more, err := g.settled(ref, f, g.takers(ref, names))
			if err != nil {
				return nil, s.at(gi, err)
			}
			items = append(items, more...)
		}
	}
	items = unique(items)
	for _, it := range items {
		if err := accepted(it); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// accepted refuses a model's own files before anything runs, once for all cases,
// where the runtime whose format they are of cannot run them.
func accepted(it subject.Item) error {
	if it.Skeleton != "" || runtimes.FormatOf(it.Facts.Path) != it.Runtime {
		return nil
	}
	rt, err := runtimes.Named(it.Runtime)
	if err != nil {
		return err
	}
	return rt.Accepts(it.Facts.Path, it.Case.Kind)
}

// at says in which group of a file something is wrong; a command line has but one.
func (s Suite) at(group int, err error) error {
	if s.together {
		return err
	}
	return fmt.Errorf("cases[%d]: %w", group, err)
}

// among are those of the runtimes that the group is to run in.
func (g CaseGroup) among(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !slices.ContainsFunc(g.Models, func(ref string) bool { return slices.Contains(g.takers(ref, names), name) })
	})
}

// takers are those that one of its models is to run in: where none are named, a file
// is measured by the runtime that its format is of, if that is there.
func (g CaseGroup) takers(ref string, names []string) []string {
	if len(g.Runtimes) > 0 {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(g.Runtimes, name) })
	}
	if only := runtimes.FormatOf(ref); g.Skeleton == "" && slices.Contains(names, only) {
		return []string{only}
	}
	return names
}

// notUsed says why a runtime's setting is refused where the runtime is not there.
const notUsed = "is not used in this run (see 'assay doctor')"

// checkKnown refuses settings that no runtime has which is really used. A group
// for runtimes of which none is there runs nothing and drops nothing.
func (s Suite) checkKnown(names []string) *misfit {
	var all []string
	for _, g := range s.Groups {
		all = append(all, g.among(names)...)
	}
	for i, g := range s.Groups {
		used := g.among(names)
		if s.together {
			used = all
		}
		if len(used) == 0 {
			continue
		}
		if m := g.checkKnown(used, notUsed); m != nil {
			m.group = i
			return m
		}
	}
	return nil
}

// settled is the group's product for one model, on the runtimes that are to run
// it.
func (g CaseGroup) settled(ref string, f arch.Facts, names []string) ([]subject.Item, error) {
	var items []subject.Item
	for _, name := range names {
		rt, err := runtimes.Named(name)
		if err != nil {
			return nil, err
		}
		s := subject.Subject{Ref: ref, Facts: f, Runtime: rt}
		for _, it := range writable(rt, g.Items(name, ref, f)) {
			if it.Skeleton == "" && it.WeightType != "" {
				return nil, failure.Input(fmt.Errorf("weight type %s is a skeleton's, and %s has weights of its own; leave it out, or ask for a "+
					"skeleton (--skeleton full)", it.WeightType, ref))
			}
			if it.Case, err = s.Settle(it.Case); err != nil {
				return nil, err
			}
			items = append(items, it)
		}
	}
	return items, nil
}

// writable leaves out the skeletons that are not written for a runtime.
func writable(rt runtime.Runtime, items []subject.Item) []subject.Item {
	return slices.DeleteFunc(items, func(it subject.Item) bool {
		return it.Skeleton != "" && !slices.Contains(rt.WeightTypes(it.Skeleton), it.WeightType)
	})
}

// Items is the group's product for one model on one runtime, in the order of the
// table of settings.
func (g CaseGroup) Items(rt, ref string, f arch.Facts) []subject.Item {
	base := []subject.Item{{Runtime: rt, Ref: ref, Skeleton: g.Skeleton, Facts: f}}
	items := cross(base, or(g.WeightTypes, ""), func(i *subject.Item, v string) { i.WeightType = v })
	items = cross(items, g.kinds(), func(i *subject.Item, v results.Kind) { i.Case.Kind = v })
	items = g.crossTokens(items)
	for _, s := range results.Settings {
		if s.PerKind != nil {
			continue
		}
		if values := g.values(s); len(values) > 0 {
			items = cross(items, values, func(i *subject.Item, v any) { g.put(s, &i.Case, v) })
		}
	}
	for i := range items {
		items[i].Case.NCtx = contextOf(items[i].Case)
	}
	return nameTypes(chooseSkeletons(items))
}

// put sets a setting, and those that follow it and are not listed.
func (g CaseGroup) put(s results.Setting, c *results.Case, v any) {
	s.Put(c, v)
	for _, f := range results.Settings {
		if f.Follows == s.Name && len(g.Settings[f.Name]) == 0 {
			f.Put(c, v)
		}
	}
}

// kindPG stands for llama-bench's -pg until the token counts are set: a prompt
// and generated tokens timed together, recorded as a decode with a prompt.
const kindPG results.Kind = "pg"

func (g CaseGroup) kinds() []results.Kind {
	if len(g.PG) == 0 {
		return g.Kinds
	}
	return append(slices.Clip(g.Kinds), kindPG)
}

// crossTokens gives each kind the token counts that it uses: a prefill has no
// generated tokens and a decode no prompt, as llama-bench's pp and tg.
func (g CaseGroup) crossTokens(items []subject.Item) []subject.Item {
	var out []subject.Item
	for _, it := range items {
		one := []subject.Item{it}
		if it.Case.Kind == kindPG {
			out = append(out, cross(one, g.PG, func(i *subject.Item, v [2]int) {
				i.Case.Kind, i.Case.NPrompt, i.Case.NGen = results.KindDecode, v[0], v[1]
			})...)
			continue
		}
		for _, s := range results.Settings {
			if usual, ok := s.PerKind[it.Case.Kind]; ok {
				one = cross(one, or(g.Settings[s.Name], any(usual)), func(i *subject.Item, v any) { s.Put(&i.Case, v) })
			}
		}
		out = append(out, one...)
	}
	return out
}

// contextOf is the context of a case: of one that names none what all its sequences
// need; a plan's is left to [subject.Subject.Settle].
func contextOf(c results.Case) int {
	if c.NCtx > 0 || c.Kind == results.KindPlan {
		return c.NCtx
	}
	return (c.NPrompt + c.NGen + c.NDepth) * max(1, c.NSeq)
}

// chooseSkeletons stands skeletons in for models of which only facts are known:
// for the cache alone a small one, for a plan one without data.
func chooseSkeletons(items []subject.Item) []subject.Item {
	for i := range items {
		switch it := &items[i]; {
		case it.Case.Kind == results.KindPlan && it.Facts.Path == "":
			it.Skeleton = runtime.SkeletonSparse
		case it.Skeleton != "" || it.Facts.Path != "":
		case it.Case.Kind == results.KindKV:
			it.Skeleton = runtime.SkeletonKV
		default:
			it.Skeleton = runtime.SkeletonFull
		}
	}
	return items
}

// nameTypes gives a skeleton's default weight type its name, so that cases with
// and without the flag are the same.
func nameTypes(items []subject.Item) []subject.Item {
	for i := range items {
		if items[i].Skeleton != "" && items[i].WeightType == "" {
			items[i].WeightType = "f16"
		}
	}
	return items
}

// cross multiplies items by values.
func cross[T any](items []subject.Item, values []T, set func(*subject.Item, T)) []subject.Item {
	out := make([]subject.Item, 0, len(items)*len(values))
	for _, it := range items {
		for _, v := range values {
			next := it
			set(&next, v)
			out = append(out, next)
		}
	}
	return out
}

// itemKey is what makes two items the same.
type itemKey struct {
	runtime, ref, skeleton, weightType string
	c                                  results.Case
}

func keyOf(it subject.Item) itemKey {
	return itemKey{it.Runtime, it.Ref, it.Skeleton, it.WeightType, it.Case}
}

// unique drops items that occur twice, keeping the first.
func unique(items []subject.Item) []subject.Item {
	seen := map[itemKey]bool{}
	out := items[:0]
	for _, it := range items {
		if !seen[keyOf(it)] {
			seen[keyOf(it)] = true
			out = append(out, it)
		}
	}
	return out
}

func or[T any](list []T, value T) []T {
	if len(list) == 0 {
		return []T{value}
	}
	return list
}
