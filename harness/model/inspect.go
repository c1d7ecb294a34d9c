// Package model says what can be said of a model without measuring it: what its facts
// tell, what a runtime would allocate and compute, how fast it would be; and it
// writes models of the same shape. It does not know suites, runs, what is printed.
package model

import (
	"context"
	"errors"
	"math"
	"slices"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/subject"
	"assay/predict/kv"
	"assay/results"
)

// Inspect reads the model's facts and computes all that follows from them in a
// runtime. Nothing is run.
func Inspect(ctx context.Context, ref string, opt Options) (Inspection, error) {
	s, err := subject.Of(ctx, subject.Ask{Ref: ref, Runtime: opt.Runtime, WeightType: opt.WeightType})
	if err != nil {
		return Inspection{}, err
	}
	in := Inspection{Runtime: s.Runtime.Name(), Facts: s.Facts, SHA256: s.Facts.SHA256(), CacheClasses: map[string]int{}, rt: s.Runtime}
	for _, n := range append([]int{1}, opt.Contexts...) {
		c := opt.Case
		c.Kind, c.NCtx = results.KindPlan, n
		if _, err := s.Settle(c); err != nil {
			return Inspection{}, err
		}
	}
	for _, part := range []func(*Inspection, Options) error{sizes, sharing, caches, needs, workByLength} {
		if err := part(&in, opt); err != nil {
			return Inspection{}, failure.Input(err)
		}
	}
	in.Facts.Tensors = nil // the table is long; 'build' writes it
	return in, nil
}

func sharing(in *Inspection, _ Options) error {
	s := kv.SavingOf(in.Facts)
	in.Sharing, in.IfMHA = string(s.Sharing), s.Ratio()
	return nil
}

func caches(in *Inspection, opt Options) error {
	for _, n := range in.contexts(opt) {
		at, err := in.cacheAt(n, opt)
		if err != nil {
			return err
		}
		in.Cache = append(in.Cache, at)
		clear(in.CacheClasses)
		in.TokenBytes = 0
		for _, k := range at.Kinds {
			in.CacheClasses[k.Class] += k.Layers
			if k.Class != runtime.ClassRecurrent {
				in.TokenBytes += int64(k.Layers) * k.CellBytes
			}
		}
	}
	if !opt.Curve {
		return nil
	}
	for _, n := range in.between(opt) {
		at, err := in.cacheAt(n, opt)
		if err != nil {
			return err
		}
		in.curve = append(in.curve, at)
	}
	return nil
}

// between are the lengths of a line through those to tabulate: two to each power of
// two, and those at which a window's cache stops to grow, with and without a micro-batch
// beside it.
func (in *Inspection) between(opt Options) []int {
	all := slices.Sorted(slices.Values(in.contexts(opt)))
	first, last := all[0], all[len(all)-1]
	for x := float64(first); x < float64(last); x *= math.Sqrt2 {
		all = append(all, int(x))
	}
	for _, l := range in.Facts.Layers {
		if l.Attention != nil && l.Attention.Window > 0 {
			w := int(l.Attention.Window)
			all = append(all, w, w+opt.Case.NUbatch)
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(n int) bool { return n < first || n > last })
}

// needs predicts all of the memory at the longest context that was asked for, or
// at the usual one.
func needs(in *Inspection, opt Options) error {
	n := usualContext
	if in.Facts.ContextLength > 0 {
		n = min(n, int(in.Facts.ContextLength))
	}
	if len(opt.Contexts) > 0 {
		n = slices.Max(opt.Contexts)
	}
	p, err := in.predict(opt, results.Case{Kind: results.KindPlan, NCtx: n})
	if err != nil {
		return err
	}
	in.Memory, in.MemoryContext = p.Memory, n
	return nil
}

// cacheAt is the cache of a context of n tokens.
func (in *Inspection) cacheAt(n int, opt Options) (CacheAt, error) {
	if n == 0 {
		return CacheAt{}, errors.New("a context of 0 tokens keeps nothing: give 1 or more")
	}
	p, err := in.predict(opt, results.Case{Kind: results.KindPlan, NCtx: n})
	if err != nil {
		return CacheAt{}, err
	}
	at := CacheAt{Context: n, Bytes: *p.KVBytes, Peak: p.PeakKVBytes, Kinds: cacheKinds(p.KVLayers)}
	for _, k := range at.Kinds {
		if bytes := int64(k.Layers) * k.LayerBytes; k.Class == string(kv.Sliding) || k.Class == string(kv.Chunked) {
			at.Windowed += bytes
		} else {
			at.Full += bytes
		}
	}
	if p.PeakKVBytes == nil {
		return at, nil
	}
	after, err := in.predict(opt, results.Case{Kind: results.KindDecode, NDepth: n, NGen: 1, NCtx: n + 1})
	if err != nil {
		return CacheAt{}, err
	}
	at.Next = new(*after.KVBytes - *p.KVBytes)
	return at, nil
}

// cacheKinds sums layers up, in the order in which their kinds appear.
func cacheKinds(layers []results.KVLayer) []CacheKind {
	var kinds []CacheKind
	for _, l := range layers {
		one := CacheKind{Class: l.Class, Layers: 1, Cells: l.Cells, LayerBytes: l.KBytes + l.VBytes}
		one.CellBytes = one.LayerBytes / max(1, l.Cells)
		at := slices.IndexFunc(kinds, func(k CacheKind) bool { k.Layers = 1; return k == one })
		if at < 0 {
			kinds = append(kinds, one)
			continue
		}
		kinds[at].Layers++
	}
	return kinds
}

// predict predicts a case with the settings of the cache that were asked for.
func (in *Inspection) predict(opt Options, what results.Case) (*results.Predicted, error) {
	c := opt.Case
	c.Kind, c.NCtx, c.NPrompt, c.NGen, c.NDepth = what.Kind, what.NCtx, what.NPrompt, what.NGen, what.NDepth
	if c.Kind != results.KindPlan { // each sequence has its share of the context
		c.NCtx *= max(c.NSeq, 1)
	}
	s := subject.Subject{Facts: in.Facts, Runtime: in.rt, WeightType: opt.WeightType}
	c, err := s.Settle(c)
	if err != nil {
		return nil, err
	}
	return s.Predict(c)
}

// contexts are the lengths to tabulate.
func (in *Inspection) contexts(opt Options) []int {
	if len(opt.Contexts) > 0 {
		return opt.Contexts
	}
	most := max(512, int(in.Facts.ContextLength))
	var out []int
	for n := 512; n < most; n *= 4 {
		out = append(out, n)
	}
	return append(out, most)
}

// workByLength tabulates the work, where the runtime's is predicted.
func workByLength(in *Inspection, opt Options) error {
	for _, n := range in.contexts(opt) {
		prefill, err := in.predict(opt, results.Case{Kind: results.KindPrefill, NPrompt: n, NCtx: n + 1})
		if err != nil {
			return err
		}
		decode, err := in.predict(opt, results.Case{Kind: results.KindDecode, NGen: 1, NDepth: n, NCtx: n + 1})
		if err != nil {
			return err
		}
		if prefill.FLOPs == nil || decode.FLOPs == nil || decode.BytesMoved == nil {
			in.Facts.Unknown = append(in.Facts.Unknown, unknownWork(in.Runtime, in.Facts))
			return nil
		}
		at := WorkAt{Tokens: n, Prefill: *prefill.FLOPs, Decode: *decode.FLOPs, DecodeBytes: *decode.BytesMoved}
		in.Work = append(in.Work, at)
		if opt.Chip != nil {
			in.Ceiling = append(in.Ceiling, Ceiling{n, opt.Chip.Bandwidth / float64(at.DecodeBytes)})
		}
	}
	return nil
}
