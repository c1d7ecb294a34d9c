package suite

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/predict/cost"
	"assay/results"
)

// bound is one of a case's whole numbers and what it can be. A value outside is
// refused before anything runs: a library says it later and in its own words,
// or takes it and dies.
type bound struct {
	name        string // in suites and records
	least, most int
	ofCase      func(results.Case) int
	ofGroup     func(CaseGroup) []int
}

// LLAMA_MAX_SEQ sequences (src/llama-cparams.h) and GGML_MAX_N_THREADS threads
// (ggml/include/ggml.h) are the most in llama.cpp v0.5.0, which takes a context
// of any length and is killed for the memory.
var bounds = []bound{
	{"n_ctx", 0, cost.MaxCells, func(c results.Case) int { return c.NCtx }, func(g CaseGroup) []int { return g.NCtx }},
	{"n_prompt", 0, cost.MaxCells, func(c results.Case) int { return c.NPrompt }, func(g CaseGroup) []int { return g.NPrompt }},
	{"n_gen", 0, cost.MaxCells, func(c results.Case) int { return c.NGen }, func(g CaseGroup) []int { return g.NGen }},
	{"n_depth", 0, cost.MaxCells, func(c results.Case) int { return c.NDepth }, func(g CaseGroup) []int { return g.NDepth }},
	{"n_batch", 1, math.MaxInt32, func(c results.Case) int { return c.NBatch }, func(g CaseGroup) []int { return g.NBatch }},
	{"n_ubatch", 1, math.MaxInt32, func(c results.Case) int { return c.NUbatch }, func(g CaseGroup) []int { return g.NUbatch }},
	{"n_seq", 1, 256, func(c results.Case) int { return c.NSeq }, func(g CaseGroup) []int { return g.NSeq }},
	{"n_gpu_layers", 0, math.MaxInt32, func(c results.Case) int { return c.NGPULayers }, func(g CaseGroup) []int { return g.NGPULayers }},
	{"n_threads", 1, 512, func(c results.Case) int { return c.NThreads }, func(g CaseGroup) []int { return g.NThreads }},
	{"max_kv_size", 0, cost.MaxCells, func(c results.Case) int { return c.MaxKVSize }, func(g CaseGroup) []int { return g.MaxKVSize }},
	{"quantized_kv_start", 0, cost.MaxCells, func(c results.Case) int { return c.QuantizedKVStart }, func(g CaseGroup) []int { return g.QuantizedKVStart }},
}

func (b bound) check(n int) error {
	switch {
	case n < b.least:
		return fmt.Errorf("%s %d must be %d or more", b.name, n, b.least)
	case n > b.most:
		return fmt.Errorf("%s %d must be %d or less", b.name, n, b.most)
	}
	return nil
}

// misfit is something in a group of a suite that cannot be.
type misfit struct {
	group int
	// path is where in the group it stands, such as type_k[0]; empty is the group.
	path string
	err  error
}

func (m *misfit) Error() string { return m.err.Error() }

func (m *misfit) Unwrap() error { return m.err }

// badValue is a misfit at a place of a list.
func badValue(list string, at int, err error) *misfit {
	return &misfit{path: fmt.Sprintf("%s[%d]", list, at), err: err}
}

// checkBounds holds the group's numbers and types against what can be.
func (g CaseGroup) checkBounds() *misfit {
	for _, b := range bounds {
		for i, n := range b.ofGroup(g) {
			if err := b.check(n); err != nil {
				return badValue(b.name, i, err)
			}
		}
	}
	runtimes, m := g.namedRuntimes()
	if m != nil {
		return m
	}
	for _, list := range []struct {
		key, noun     string
		values, known []string
	}{
		{"type_k", "cache type", g.TypeK, allOf(runtimes, runtime.Runtime.CacheTypes)},
		{"type_v", "cache type", g.TypeV, allOf(runtimes, runtime.Runtime.CacheTypes)},
		{"weight_types", "weight type", g.WeightTypes, allOf(runtimes, func(rt runtime.Runtime) []string { return rt.WeightTypes(g.Skeleton) })},
	} {
		for i, v := range list.values {
			if err := checkType(list.noun, v, list.known); err != nil {
				return badValue(list.key, i, err)
			}
		}
	}
	return nil
}

// CheckBounds says what of the group's numbers and types cannot be.
func (g CaseGroup) CheckBounds() error {
	if m := g.checkBounds(); m != nil {
		return failure.Input(m)
	}
	return nil
}

// namedRuntimes are the runtimes that the group names, or all.
func (g CaseGroup) namedRuntimes() ([]runtime.Runtime, *misfit) {
	if len(g.Runtimes) == 0 {
		return runtimes.All(), nil
	}
	var out []runtime.Runtime
	for i, name := range g.Runtimes {
		rt, err := runtimes.Named(name)
		if err != nil {
			return nil, badValue("runtimes", i, err)
		}
		out = append(out, rt)
	}
	return out, nil
}

// allOf joins what several runtimes know.
func allOf(runtimes []runtime.Runtime, types func(runtime.Runtime) []string) []string {
	var all []string
	for _, rt := range runtimes {
		for _, name := range types(rt) {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// checkType names what there is where a type is not: an empty one is the
// default, and no list means that the runtime has no such setting.
func checkType(noun, name string, known []string) error {
	if name == "" || len(known) == 0 || slices.Contains(known, name) {
		return nil
	}
	return fmt.Errorf("there is no %s %q; there are %s", noun, name, strings.Join(known, ", "))
}

// CheckCase says what of a single case the runtime cannot do, whatever the
// model. kind is that of the skeleton that is written, runtime.SkeletonSparse where
// only shapes count.
func CheckCase(rt runtime.Runtime, kind, weightType string, c results.Case) error {
	for _, b := range bounds {
		if err := b.check(b.ofCase(c)); err != nil {
			return failure.Input(err)
		}
	}
	for _, name := range []string{c.TypeK, c.TypeV} {
		if err := checkType("cache type", name, rt.CacheTypes()); err != nil {
			return failure.Input(err)
		}
	}
	return CheckWeights(rt, kind, weightType)
}

// CheckWeights refuses a type that the matrices of such a skeleton cannot have.
func CheckWeights(rt runtime.Runtime, kind, weightType string) error {
	if err := checkType(rt.Name()+" weight type", weightType, rt.WeightTypes(kind)); err != nil {
		return failure.Input(err)
	}
	return nil
}
