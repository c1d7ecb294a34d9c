package kv

import (
	"fmt"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
)

// LlamaCpp predicts llama.cpp's cache for the model and context. The error
// names a model whose cache has no rule here, or parameters that llama.cpp
// itself refuses.
func LlamaCpp(f arch.Facts, p Params) (Plan, error) {
	l, err := newLayout(f, p)
	if err == nil {
		err = l.fill()
	}
	if err != nil {
		return Plan{}, fmt.Errorf("llama.cpp's cache for %s: %w", f.Name, err)
	}
	return l.plan, nil
}

// layout is one prediction on its way.
type layout struct {
	facts        arch.Facts
	family       *family.Family
	params       Params
	policy       policy
	typeK, typeV gguf.Type
	plan         Plan
}

func newLayout(f arch.Facts, p Params) (*layout, error) {
	fam, _ := family.Of(f.Family)
	if fam.Cache.Other != "" {
		return nil, fmt.Errorf("%s keeps %s, for which there is no rule", f.Family, fam.Cache.Other)
	}
	pol, err := policyOf(p.Release)
	if err != nil {
		return nil, err
	}
	p, err = p.withDefaults(f)
	if err != nil {
		return nil, err
	}
	l := &layout{facts: f, family: fam, params: p, policy: pol}
	if l.typeK, err = gguf.ParseType(p.TypeK); err != nil {
		return nil, fmt.Errorf("type_k: %w", err)
	}
	if l.typeV, err = gguf.ParseType(p.TypeV); err != nil {
		return nil, fmt.Errorf("type_v: %w", err)
	}
	if l.typeV.Quantized() && !p.cacheForFlash() {
		return nil, fmt.Errorf("a %s V cache needs flash attention", p.TypeV)
	}
	pol.round(&l.plan, p, l.isHybrid())
	return l, nil
}

// fill lays out all layers, in the order of the model's.
func (l *layout) fill() error {
	if err := l.attention(); err != nil {
		return err
	}
	if err := l.recurrent(); err != nil {
		return err
	}
	l.sort()
	return nil
}

// isHybrid says that some layer has a recurrent state.
func (l *layout) isHybrid() bool {
	for _, layer := range l.facts.Layers {
		if layer.Recurrent != nil {
			return true
		}
	}
	return false
}

// attention lays out the layers with keys and values: one cache for all of
// them, or two where the family has windowed layers (llama_model::create_memory,
// src/llama-model.cpp, v0.5.0; llama_kv_cache_iswa, src/llama-kv-cache-iswa.cpp).
func (l *layout) attention() error {
	full := Cache{Class: Full, Cells: l.plan.SequenceCells, Streams: l.streams()}
	windowed := Cache{Class: l.windowClass(), Streams: full.Streams, Window: l.window()}
	if windowed.Window > 0 {
		windowed.Cells = l.policy.windowCells(full.Cells, windowed.Window, l)
	}
	for i, layer := range l.facts.Layers {
		if layer.Attention == nil || l.family.Cache.None {
			continue
		}
		cache := &full
		if l.isWindowed(layer.Attention) {
			cache = &windowed
		}
		row, err := l.attentionLayer(i, layer.Attention, cache)
		if err != nil {
			return fmt.Errorf("layer %d: %w", i, err)
		}
		l.plan.Layers = append(l.plan.Layers, row)
		cache.Layers = append(cache.Layers, i)
	}
	l.rotate(&full)
	l.rotate(&windowed)
	if len(full.Layers)+len(windowed.Layers) == 0 {
		return nil
	}
	l.plan.Caches = append(l.plan.Caches, full)
	if windowed.Window > 0 {
		l.plan.Caches = append(l.plan.Caches, windowed)
	}
	return nil
}

// attentionLayer is one layer's row. Without flash attention V is stored
// transposed, every layer as wide as the widest (TAG_V_CACHE_VARIABLE in
// llama_kv_cache's constructor, src/llama-kv-cache.cpp, v0.5.0).
func (l *layout) attentionLayer(i int, a *arch.Attention, cache *Cache) (Layer, error) {
	row := Layer{Layer: i, Class: cache.Class, Cells: cache.Cells * cache.Streams}
	if a.SharedFrom != nil {
		row.Class = Shared
		if from := *a.SharedFrom; from < 0 || from >= i || l.attentionOf(from) == nil {
			return row, fmt.Errorf("it shares the cache of layer %d, which has none before it", from)
		}
		return row, nil
	}
	k, v := l.widths(a)
	if a.MLA != nil && v == 0 {
		row.Class = MLA
	}
	stored := v
	if !l.params.cacheForFlash() {
		stored = l.widestV(v)
	}
	var err error
	keyHead := a.KeyDim
	if a.MLA != nil && !l.family.Cache.Expanded {
		keyHead = k // the latent is one head for all
	}
	if row.KRowBytes, err = l.rowBytes(l.typeK, k, keyHead); err != nil {
		return row, fmt.Errorf("type_k: %w", err)
	}
	if row.VRowBytes, err = l.rowBytes(l.typeV, v, a.ValueDim); err != nil {
		return row, fmt.Errorf("type_v: %w", err)
	}
	storedRow, err := l.typeV.RowBytes(stored)
	if err != nil {
		return row, fmt.Errorf("type_v: %w", err)
	}
	if a.Indexer != nil && l.family.Cache.Indexed {
		// One key for all of the indexer's heads, of the keys' type, in a second
		// cache of as many cells (src/llama-kv-cache-dsa.cpp, v0.5.0).
		if row.IndexRowBytes, err = l.typeK.RowBytes(a.Indexer.KeyDim); err != nil {
			return row, fmt.Errorf("the indexer's K cache: %w", err)
		}
	}
	row.KBytes = row.Cells * (row.KRowBytes + row.IndexRowBytes)
	row.VBytes = row.Cells * storedRow
	return row, nil
}

// rowBytes is the size of one token's keys or values. With flash attention a
// quantised cache needs heads of whole blocks (llama_init_from_model,
// src/llama-context.cpp, v0.5.0).
func (l *layout) rowBytes(t gguf.Type, width, head int64) (int64, error) {
	if l.params.cacheForFlash() && width > 0 && head%t.BlockElements() != 0 {
		return 0, fmt.Errorf("%s has blocks of %d, which do not divide the head dimension %d",
			t, t.BlockElements(), head)
	}
	return t.RowBytes(width)
}

// widths are the elements of one token's keys and values: n_embd_k_gqa and
// n_embd_v_gqa (src/llama-hparams.cpp, v0.5.0). Latent attention keeps one
// compressed row for all heads and reads the values from it.
func (l *layout) widths(a *arch.Attention) (k, v int64) {
	if a.MLA == nil || l.family.Cache.Expanded {
		return a.KVHeads * a.KeyDim, a.KVHeads * a.ValueDim
	}
	k = a.MLA.KVLoraRank + a.MLA.RopeDim
	if l.policy.mlaValues {
		v = a.MLA.KVLoraRank
	}
	return k, v
}

// widestV is the widest layer's V row, if there is any V at all.
func (l *layout) widestV(v int64) int64 {
	if v == 0 {
		return 0
	}
	for _, layer := range l.facts.Layers {
		if layer.Attention != nil {
			_, w := l.widths(layer.Attention)
			v = max(v, w)
		}
	}
	return v
}

// streams is n_stream of llama_kv_cache.
func (l *layout) streams() int64 {
	if l.params.KVUnified {
		return 1
	}
	return int64(l.params.NSeq)
}

// isWindowed says that llama.cpp gives the layer a windowed cache: the model
// has a window there and the family's graph makes use of it.
func (l *layout) isWindowed(a *arch.Attention) bool {
	return a.Window > 0 && l.family.Window.Size(len(l.facts.Layers), a.Window, true) > 0
}

func (l *layout) windowClass() Class {
	if l.family.Window != nil && l.family.Window.Chunked {
		return Chunked
	}
	return Sliding
}

// window is hparams.n_swa: one figure for all layers.
func (l *layout) window() int64 {
	var w int64
	for _, layer := range l.facts.Layers {
		if layer.Attention != nil && l.isWindowed(layer.Attention) {
			w = max(w, l.family.Window.Size(len(l.facts.Layers), layer.Attention.Window, true))
		}
	}
	return w
}

// windowCells is size_swa of llama_kv_cache_iswa's constructor
// (src/llama-kv-cache-iswa.cpp, v0.5.0): room for the window of every sequence
// in the stream and one micro-batch, never more than the full cache.
func (pol policy) windowCells(full, window int64, l *layout) int64 {
	if l.params.SWAFull {
		return full
	}
	if l.params.KVUnified {
		window *= int64(l.params.NSeq)
	}
	return roundUp(min(full, window+l.plan.Ubatch), pol.pad(l.params))
}
