package graph

import "assay/predict/arch"

// beside is cohere2's layer: attention and MLP take the same norm.
func beside(b *builder, x *tensor) *tensor {
	last := len(b.facts.Layers) - 1
	for i, l := range b.facts.Layers {
		normed := b.norm(x, "attn_norm", i)
		attention := b.attend(i, l.Attention, b.queries(i, l.Attention, normed), "attn_output")
		if i == last {
			attention, x, normed = b.picked(attention), b.picked(x), b.picked(normed)
		}
		x = add(add(b.feedForward(i, l.FeedForward, normed), x), attention)
	}
	return x
}

// bothMixers is falcon-h1's layer: attention and a state-space part, each behind
// a norm of its own with the same weights, added up before the rows are picked.
func bothMixers(b *builder, x *tensor) *tensor {
	last := len(b.facts.Layers) - 1
	for i, l := range b.facts.Layers {
		h := b.queries(i, l.Attention, b.norm(x, "attn_norm", i))
		attention := b.attend(i, l.Attention, h, "attn_output")
		state := b.mamba2(i, l.Recurrent, b.norm(x, "attn_norm", i))
		sum := add(add(attention, state), x)
		if i == last {
			sum = b.picked(sum)
		}
		x = add(b.feedForward(i, l.FeedForward, b.norm(sum, "ffn_norm", i)), sum)
	}
	return x
}

// onePart is nemotron_h's layer: a mixer or an MLP.
func onePart(b *builder, x *tensor) *tensor {
	b.family.turns = func(int, *arch.Attention, *arch.Facts) bool { return false }
	for i, l := range b.facts.Layers {
		before := x
		x = b.norm(x, "attn_norm", i)
		if l.FeedForward != nil {
			x = b.feedForward(i, l.FeedForward, x)
		} else {
			x = b.mixer(i, l, x)
		}
		x = add(x, before)
	}
	return x
}

// gated is qwen3next's attention: one projection makes queries and a gate.
func (b *builder) gated(i int, a *arch.Attention, x *tensor) *tensor {
	both := mulMat(b.of(i, "attn_q"), x)
	k, v := mulMat(b.of(i, "attn_k"), x), mulMat(b.of(i, "attn_v"), x)
	both = reshaped(both, 2*a.KeyDim, a.Heads, b.tokens, 1)
	half := func(behind int64) *tensor {
		return viewOf(both, []int64{a.KeyDim, a.Heads, b.tokens, 1}, both.nb[1:], 4*behind)
	}
	q, gate := half(0), half(a.KeyDim)
	k, v = reshaped(k, a.KeyDim, a.KVHeads, b.tokens), reshaped(v, a.ValueDim, a.KVHeads, b.tokens)
	h := heads{b.rope(b.norm(q, "attn_q_norm", i)), b.rope(b.norm(k, "attn_k_norm", i)), v}
	y := b.attend(i, a, h, "")
	y = mul(y, unary(cont(gate, a.KeyDim*a.Heads, b.tokens)))
	return mulMat(b.of(i, "attn_output"), y)
}

// latent is deepseek2's attention over compressed keys (absorbed MLA).
func (b *builder) latent(i int, a *arch.Attention, x *tensor) *tensor {
	m := a.MLA
	dim := m.NopeDim + m.RopeDim
	var q *tensor
	if b.has(i, "attn_q_a") {
		q = mulMat(b.of(i, "attn_q_b"), b.norm(mulMat(b.of(i, "attn_q_a"), x), "attn_q_a_norm", i))
	} else {
		q = mulMat(b.of(i, "attn_q"), x)
	}
	q = reshaped(q, dim, a.Heads, b.tokens)
	both := mulMat(b.of(i, "attn_kv_a_mqa"), x)
	row := 4 * (m.KVLoraRank + m.RopeDim)
	compressed := viewOf(both, []int64{m.KVLoraRank, b.tokens}, []int64{row}, 0)
	turnedK := b.rope(viewOf(both, []int64{m.RopeDim, 1, b.tokens}, []int64{row, row}, 4*m.KVLoraRank))
	compressed = b.norm(compressed, "attn_kv_a_norm", i)
	plainQ := viewOf(q, []int64{m.NopeDim, a.Heads, b.tokens}, q.nb[1:3], 0)
	turnedQ := b.rope(viewOf(q, []int64{m.RopeDim, a.Heads, b.tokens}, q.nb[1:3], 4*m.NopeDim))
	absorbed := permuted(mulMat(b.of(i, "attn_k_b"), permuted(plainQ, 0, 2, 1, 3)), 0, 2, 1, 3)
	queries := concat(absorbed, turnedQ, 0)
	compressed = reshaped(compressed, m.KVLoraRank, 1, b.tokens)
	keys := concat(compressed, turnedK, 0)
	return b.attendLatent(i, a, heads{queries, keys, compressed})
}

// attendLatent is build_attn over a cache of keys alone, whose first part are
// the values.
func (b *builder) attendLatent(i int, a *arch.Attention, h heads) *tensor {
	in := b.inputsOf(i)
	b.expand(h.q)
	b.expand(h.v)
	b.expand(h.k)
	width := h.k.ne[0]
	cache := newTensor(f16, width, in.cells, in.streams)
	cache.held, cache.layer, cache.stored = true, i+1, b.params.TypeK
	b.store(cache, h.k, in.keys)
	k := viewOf(cache, []int64{width, 1, in.cells, in.streams}, []int64{2 * width, 2 * width, 2 * width * in.cells}, 0)
	v := viewOf(k, []int64{h.v.ne[0], k.ne[1], k.ne[2], k.ne[3]}, k.nb[1:], 0)
	return b.product(i, "attn_output", b.scores(i, a, in, h.q, k, v))
}

// temperature is llama4's input of one factor a token for layers without a
// rotary embedding.
func (b *builder) temperature() *tensor {
	if b.scales == nil {
		b.scales = input(f32, 1, 1, b.tokens)
	}
	return b.scales
}

func (b *builder) hasExperts(n int64) bool {
	for _, l := range b.facts.Layers {
		if l.FeedForward != nil && l.FeedForward.Experts != nil && l.FeedForward.Experts.Count == n {
			return true
		}
	}
	return false
}
