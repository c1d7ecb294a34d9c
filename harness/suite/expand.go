package suite

import (
	"cmp"
	"context"
	"fmt"
	goruntime "runtime"
	"slices"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/predict/arch"
	"assay/predict/source"
	"assay/results"
)

// Expand makes the items of a suite for the given runtimes. Groups that name
// runtimes of their own run only there, and skeletons of a type that one
// runtime does not have only in the others. Facts of a model are read once.
func Expand(ctx context.Context, s Suite, runtimes []string) ([]subject.Item, error) {
	facts := map[string]arch.Facts{}
	var items []subject.Item
	for gi, g := range s.Groups {
		var ignored error
		for _, ref := range g.Models {
			f, ok := facts[ref]
			if !ok {
				var err error
				if f, err = source.Load(ctx, ref, source.Options{}); err != nil {
					return nil, failure.Input(fmt.Errorf("cases[%d]: %w", gi, err))
				}
				facts[ref] = f
			}
			more, err := g.settled(ref, f, runtimes, &ignored)
			if err != nil {
				return nil, err
			}
			items = append(items, more...)
		}
		if ignored != nil && !slices.ContainsFunc(items, func(it subject.Item) bool { return it.Case.MaxKVSize > 0 }) {
			return nil, fmt.Errorf("cases[%d]: %w", gi, ignored)
		}
	}
	return unique(items), nil
}

// settled is the group's product for one model, on the names that are to run
// it; ignored is set to a setting that makes no difference to the model.
func (g CaseGroup) settled(ref string, f arch.Facts, names []string, ignored *error) ([]subject.Item, error) {
	var items []subject.Item
	for _, name := range names {
		if len(g.Runtimes) > 0 && !slices.Contains(g.Runtimes, name) {
			continue
		}
		rt, err := runtimes.Named(name)
		if err != nil {
			return nil, err
		}
		for _, it := range writable(rt, g.Items(name, ref, f)) {
			asked := it.Case
			it.Case = rt.Settle(asked, f)
			*ignored = cmp.Or(*ignored, Unreached(rt, asked, it.Case, f))
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

// Items is the group's product for one model on one runtime.
func (g CaseGroup) Items(rt, ref string, f arch.Facts) []subject.Item {
	g = g.withDefaults(goruntime.NumCPU())
	base := []subject.Item{{Runtime: rt, Ref: ref, Skeleton: g.Skeleton, Facts: f}}
	items := cross(base, g.WeightTypes, func(i *subject.Item, v string) { i.WeightType = v })
	items = cross(items, g.kinds(), func(i *subject.Item, v results.Kind) { i.Case.Kind = v })
	items = cross(items, g.NDepth, func(i *subject.Item, v int) { i.Case.NDepth = v })
	items = g.crossTokens(items)
	items = cross(items, g.NCtx, func(i *subject.Item, v int) { i.Case.NCtx = orTokens(v, i.Case) })
	items = cross(items, g.NBatch, func(i *subject.Item, v int) { i.Case.NBatch = v })
	items = cross(items, g.NUbatch, func(i *subject.Item, v int) { i.Case.NUbatch = min(v, i.Case.NBatch) })
	items = cross(items, g.NSeq, func(i *subject.Item, v int) { i.Case.NSeq = v })
	items = cross(items, g.TypeK, func(i *subject.Item, v string) { i.Case.TypeK, i.Case.TypeV = v, v })
	if len(g.TypeV) > 0 {
		items = cross(items, g.TypeV, func(i *subject.Item, v string) { i.Case.TypeV = v })
	}
	items = cross(items, g.FlashAttn, func(i *subject.Item, v string) { i.Case.FlashAttn = v })
	items = nameTypes(chooseSkeletons(items))
	items = cross(items, g.SWAFull, func(i *subject.Item, v bool) { i.Case.SWAFull = v })
	items = cross(items, g.KVUnified, func(i *subject.Item, v bool) { i.Case.KVUnified = v })
	items = cross(items, g.NGPULayers, func(i *subject.Item, v int) { i.Case.NGPULayers = v })
	items = cross(items, g.NThreads, func(i *subject.Item, v int) { i.Case.NThreads = v })
	items = cross(items, g.KVBits, func(i *subject.Item, v int) { i.Case.KVBits = v })
	items = cross(items, g.KVGroupSize, func(i *subject.Item, v int) { i.Case.KVGroupSize = v })
	items = cross(items, g.QuantizedKVStart, func(i *subject.Item, v int) { i.Case.QuantizedKVStart = v })
	return cross(items, g.MaxKVSize, func(i *subject.Item, v int) { i.Case.MaxKVSize = v })
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
		switch it.Case.Kind {
		case results.KindPrefill:
			out = append(out, cross(one, or(g.NPrompt, 512), func(i *subject.Item, v int) { i.Case.NPrompt = v })...)
		case results.KindDecode:
			out = append(out, cross(one, or(g.NGen, 128), func(i *subject.Item, v int) { i.Case.NGen = v })...)
		case kindPG:
			out = append(out, cross(one, g.PG, func(i *subject.Item, v [2]int) {
				i.Case.Kind, i.Case.NPrompt, i.Case.NGen = results.KindDecode, v[0], v[1]
			})...)
		default:
			one = cross(one, or(g.NPrompt, 64), func(i *subject.Item, v int) { i.Case.NPrompt = v })
			out = append(out, cross(one, or(g.NGen, 2), func(i *subject.Item, v int) { i.Case.NGen = v })...)
		}
	}
	return out
}

// orTokens is the context of a case that names none: what the case needs, or for
// a plan the 0 that means the model's full context.
func orTokens(nCtx int, c results.Case) int {
	if nCtx > 0 || c.Kind == results.KindPlan {
		return nCtx
	}
	return c.NPrompt + c.NGen + c.NDepth
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
