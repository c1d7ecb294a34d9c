package graph

import (
	"assay/predict/arch"
	"assay/predict/kv"
)

// inputsOf are the inputs of the cache that a layer's keys and values lie in.
func (b *builder) inputsOf(layer int) *attentionInputs {
	for i := range b.plan.Caches {
		c := &b.plan.Caches[i]
		if c.Class == kv.Recurrent {
			continue
		}
		for _, at := range c.Layers {
			if at == layer {
				return b.inputsFor(c)
			}
		}
	}
	return nil
}

func (b *builder) inputsFor(c *kv.Cache) *attentionInputs {
	if in, ok := b.attention[c.Class]; ok {
		return in
	}
	maskType, rows := f32, b.tokens
	if b.params.FlashAttn {
		maskType = f16
	} else {
		rows *= b.widestValues()
	}
	in := &attentionInputs{
		cache: c, cells: c.Cells, streams: c.Streams,
		keys: input(i64, b.tokens), values: input(i64, rows),
		mask: input(maskType, c.Cells, b.tokens/c.Streams, 1, c.Streams),
	}
	if c.RotationK > 0 {
		in.rotateK = input(f32, c.RotationK, c.RotationK)
	}
	if c.RotationV > 0 {
		in.rotateV = input(f32, c.RotationV, c.RotationV)
	}
	if b.castsMask && maskType == f16 {
		in.mask = cast(input(f32, in.mask.ne[:]...), f16)
	}
	b.attention[c.Class] = in
	return in
}

// widestValues is hparams.n_embd_v_gqa_max: without flash attention values lie
// transposed, each element in a row of its own.
func (b *builder) widestValues() int64 {
	var widest int64
	for _, l := range b.facts.Layers {
		if a := l.Attention; a != nil {
			widest = max(widest, a.KVHeads*a.ValueDim)
		}
	}
	return widest
}

// heads splits what a projection made, or a part of it, into heads.
type heads struct{ q, k, v *tensor }

// projected is build_qkv.
func (b *builder) projected(layer int, a *arch.Attention, x *tensor) heads {
	if b.has(layer, "attn_qkv") {
		return b.split(b.product(layer, "attn_qkv", x), a)
	}
	q, k, v := b.product(layer, "attn_q", x), b.product(layer, "attn_k", x), b.product(layer, "attn_v", x)
	if b.family.normsProjections {
		q, k = b.norm(q, "attn_q_norm", layer), b.norm(k, "attn_k_norm", layer)
	}
	return heads{
		reshaped(q, a.KeyDim, a.Heads, b.tokens),
		reshaped(k, a.KeyDim, a.KVHeads, b.tokens),
		reshaped(v, a.ValueDim, a.KVHeads, b.tokens),
	}
}

// split are the views of a fused projection.
func (b *builder) split(qkv *tensor, a *arch.Attention) heads {
	part := func(dim, n, behind int64) *tensor {
		return viewOf(qkv, []int64{dim, n, b.tokens}, []int64{4 * dim, qkv.nb[1]}, 4*behind)
	}
	return heads{
		part(a.KeyDim, a.Heads, 0),
		part(a.KeyDim, a.KVHeads, a.KeyDim*a.Heads),
		part(a.ValueDim, a.KVHeads, a.KeyDim*(a.Heads+a.KVHeads)),
	}
}

// attend is build_attn: keys and values into the cache, attention over all of
// it, and the output projection, named by out; empty is none.
func (b *builder) attend(layer int, a *arch.Attention, h heads, out string) *tensor {
	in := b.inputsOf(layer)
	if a.SharedFrom != nil {
		in = b.inputsOf(*a.SharedFrom)
	}
	if in.rotateK != nil {
		h.q, h.k = rotated(h.q, in.rotateK), rotated(h.k, in.rotateK)
	}
	if in.rotateV != nil {
		h.v = rotated(h.v, in.rotateV)
	}
	k, v := b.stored(layer, a, in, h)
	x := b.scores(layer, a, in, h.q, k, v)
	if in.rotateV != nil {
		x = rotated(x, in.rotateV)
	}
	if out == "" {
		return x
	}
	return b.product(layer, out, x)
}

// stored puts keys and values into the cache and returns views of all of it.
func (b *builder) stored(layer int, a *arch.Attention, in *attentionInputs, h heads) (k, v *tensor) {
	windowed := len(b.attentionCaches()) > 1
	b.expand(h.q)
	switch {
	case h.k == nil:
	case windowed:
		b.expand(h.k)
		b.expand(h.v)
	default:
		b.expand(h.v)
		b.expand(h.k)
	}
	cacheK, cacheV := b.cacheTensors(layer, a, in)
	if h.k != nil {
		b.store(cacheK, h.k, in.keys)
		b.storeValues(cacheV, h.v, in)
	}
	kRow, vRow := a.KeyDim*a.KVHeads, a.ValueDim*a.KVHeads
	k = viewOf(cacheK, []int64{a.KeyDim, a.KVHeads, in.cells, in.streams},
		[]int64{2 * a.KeyDim, 2 * kRow, 2 * kRow * in.cells}, 0)
	if b.params.FlashAttn {
		v = viewOf(cacheV, []int64{a.ValueDim, a.KVHeads, in.cells, in.streams},
			[]int64{2 * a.ValueDim, 2 * vRow, 2 * vRow * in.cells}, 0)
	} else {
		v = viewOf(cacheV, []int64{in.cells, a.KVHeads, a.ValueDim, in.streams},
			[]int64{2 * in.cells * a.ValueDim, 2 * in.cells, 2 * in.cells * vRow}, 0)
	}
	return k, v
}

// attentionCaches are the plan's caches without the recurrent one.
func (b *builder) attentionCaches() []kv.Cache {
	var all []kv.Cache
	for _, c := range b.plan.Caches {
		if c.Class != kv.Recurrent {
			all = append(all, c)
		}
	}
	return all
}

// cacheTensors are a layer's rows of the cache; their type changes nothing here.
func (b *builder) cacheTensors(layer int, a *arch.Attention, in *attentionInputs) (k, v *tensor) {
	k = newTensor(f16, a.KeyDim*a.KVHeads, in.cells, in.streams)
	v = newTensor(f16, a.ValueDim*a.KVHeads, in.cells, in.streams)
	k.held, v.held, k.next = true, true, v
	if a.SharedFrom != nil {
		layer = *a.SharedFrom
	}
	k.layer, v.layer, k.stored, v.stored = layer+1, layer+1, b.params.TypeK, b.params.TypeV
	return k, v
}

// store is cpy_k: rows of all heads side by side.
func (b *builder) store(cache, x, at *tensor) {
	row := x.ne[0] * x.ne[1]
	x = viewOf(x, []int64{row, x.ne[2]}, []int64{x.nb[2]}, 0)
	if cache.ne[2] > 1 {
		cache = reshaped(cache, cache.ne[0], cache.ne[1]*cache.ne[2])
	}
	b.expand(inside("SET_ROWS", x, at, cache))
}

// storeValues is cpy_v: transposed where there is no flash attention.
func (b *builder) storeValues(cache, x *tensor, in *attentionInputs) {
	if b.params.FlashAttn {
		b.store(cache, x, in.values)
		return
	}
	row := x.ne[0] * x.ne[1]
	if 4*row == x.nb[2] {
		x = reshaped(x, row, x.ne[2])
	} else {
		x = cont(x, row, x.ne[2])
	}
	b.expand(inside("SET_ROWS", reshaped(x, 1, x.elements()), in.values, reshaped(cache, 1, cache.elements())))
}

// scores is build_attn_mha: one node, or two products and a softmax.
func (b *builder) scores(layer int, a *arch.Attention, in *attentionInputs, q, k, v *tensor) *tensor {
	s := in.streams
	valuesTransposed := v.nb[1] > v.nb[2]
	q = viewOf(q, []int64{q.ne[0], q.ne[1], q.ne[2] / s, s}, []int64{q.nb[1], q.nb[2], q.nb[2] * (q.ne[2] / s)}, 0)
	q, k, v = permuted(q, 0, 2, 1, 3), permuted(k, 0, 2, 1, 3), permuted(v, 0, 2, 1, 3)
	expandV := b.maybe(layer, "attn_v_b") // of latent attention
	sinks := b.maybe(layer, "attn_sinks")
	if b.params.FlashAttn {
		if b.params.TypeK == "f32" {
			k = cast(k, f16)
		}
		if b.params.TypeV == "f32" {
			v = cast(v, f16)
		}
		x := newNode("FLASH_ATTN_EXT", f32, []int64{v.ne[0], q.ne[2], q.ne[1], q.ne[3]}, q, k, v, in.mask)
		if sinks != nil {
			x.src = append(x.src, sinks)
		}
		if a.MLA != nil && expandV != nil {
			x = cont(permuted(mulMat(expandV, permuted(x, 0, 2, 1, 3)), 0, 2, 1, 3))
		}
		return b.expand(reshaped(x, x.ne[0]*x.ne[1], x.ne[2]*x.ne[3]))
	}
	kq := mulMat(k, q)
	if b.family.capsScores {
		kq = scaled(unary(scaled(kq)))
	}
	kq = like("SOFT_MAX", kq, in.mask)
	if sinks != nil {
		kq.src = append(kq.src, sinks)
	}
	if !valuesTransposed {
		v = cont(transposed(v))
	}
	x := mulMat(v, kq)
	if a.MLA != nil && expandV != nil {
		x = mulMat(expandV, x)
	}
	x = permuted(x, 0, 2, 1, 3)
	return b.expand(cont(x, x.ne[0]*x.ne[1], x.ne[2]*x.ne[3]))
}

// rotated multiplies with a Hadamard matrix (llama_mul_mat_hadamard).
func rotated(x, by *tensor) *tensor {
	if x == nil {
		return nil
	}
	n := by.ne[0]
	flat := reshaped(x, n, x.elements()/n)
	if !x.contiguous() {
		flat = cont(x, n, x.elements()/n)
	}
	return reshaped(mulMat(by, flat), x.ne[:]...)
}
