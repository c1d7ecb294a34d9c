package kv

import (
	"cmp"
	"fmt"
	"slices"

	"assay/predict/arch"
)

// stateBytes is the size of an element of a recurrent state: always f32
// (llama_model::create_memory, src/llama-model.cpp, v0.5.0).
const stateBytes = 4

// recurrent lays out the states: one row per sequence and layer
// (llama_memory_recurrent's constructor, src/llama-memory-recurrent.cpp, v0.5.0).
func (l *layout) recurrent() error {
	cache := Cache{Class: Recurrent, Cells: int64(l.params.NSeq), Streams: 1}
	for i, layer := range l.facts.Layers {
		if layer.Recurrent == nil {
			continue
		}
		size, ok := stateSizes[layer.Recurrent.Kind]
		if !ok {
			return fmt.Errorf("layer %d: no rule for a recurrent layer of kind %q", i, layer.Recurrent.Kind)
		}
		conv, state := size(l.facts, layer.Recurrent)
		l.plan.Layers = append(l.plan.Layers, Layer{
			Layer: i, Class: Recurrent, Cells: cache.Cells,
			KRowBytes: conv * stateBytes, VRowBytes: state * stateBytes,
			KBytes: cache.Cells * conv * stateBytes, VBytes: cache.Cells * state * stateBytes,
		})
		cache.Layers = append(cache.Layers, i)
	}
	if len(cache.Layers) > 0 {
		l.plan.Caches = append(l.plan.Caches, cache)
	}
	return nil
}

// stateSizes gives the elements of one sequence's convolution and recurrent
// state, by kind: n_embd_r and n_embd_s (src/llama-hparams.cpp, v0.5.0).
var stateSizes = map[string]func(arch.Facts, *arch.Recurrent) (conv, state int64){
	"mamba":       ssmState,
	"mamba2":      ssmState,
	"gated-delta": ssmState,
	"shortconv": func(f arch.Facts, r *arch.Recurrent) (int64, int64) {
		return f.Hidden * (r.ConvKernel - 1), 0
	},
	// The token shift keeps rows, two in rwkv6 and rwkv7; State is the head size.
	"rwkv": func(f arch.Facts, r *arch.Recurrent) (int64, int64) {
		return cmp.Or(r.ConvKernel, 2) * f.Hidden, f.Hidden * r.State
	},
	// A convolution each for queries, keys and values.
	"kda": func(_ arch.Facts, r *arch.Recurrent) (int64, int64) {
		return 3 * max(r.ConvKernel-1, 0) * r.Inner, r.State * r.Inner
	},
}

// ssmState: the oldest column of the convolution is shifted out by each token
// and need not be kept.
func ssmState(_ arch.Facts, r *arch.Recurrent) (conv, state int64) {
	return max(r.ConvKernel-1, 0) * (r.Inner + 2*r.Groups*r.State), r.State * r.Inner
}

// sort puts the rows in the order of the model's layers, attention first.
func (l *layout) sort() {
	slices.SortStableFunc(l.plan.Layers, func(a, b Layer) int { return cmp.Compare(a.Layer, b.Layer) })
}
