package graph

import "assay/predict/arch"

// sparseLayers is n_layer_sparsity of src/models/gemma3n.cpp (v0.5.0): the first
// layers whose MLP keeps only what stands out.
const sparseLayers = 10

// slice is a row of matrices' i-th (gemma3n_view_2d_slice).
func slice(x *tensor, i int64) *tensor {
	return viewOf(x, []int64{x.ne[0], x.ne[1]}, []int64{4 * x.ne[0]}, 4*i*x.ne[0]*x.ne[1])
}

func rest(x *tensor) *tensor {
	row := 4 * x.ne[0]
	return viewOf(x, []int64{x.ne[0], x.ne[1], x.ne[2] - 1}, []int64{row, row * x.ne[1]}, row*x.ne[1])
}

func magnitude(x *tensor) *tensor { return rooted(sumRows(squared(x))) }

// alternating is gemma3n's body (AltUp): several streams of activations, of
// which one goes through each layer and corrects the others.
func alternating(b *builder, x *tensor) *tensor {
	perLayer := b.perLayerInputs(x)
	proj := orAbsent(b.weight("altup_proj.weight"))
	n := proj.ne[2] + 1
	target := magnitude(x)
	others := mulMat(proj, repeated(x, x.ne[0], b.tokens, n-1, 1))
	others = div(mul(others, target), magnitude(others))
	x = concat(x, others, 2)
	for i, l := range b.facts.Layers {
		x = b.alternate(i, l, x, perLayer, n)
	}
	target = magnitude(slice(x, 0))
	others = mulMat(orAbsent(b.weight("altup_unembd_proj.weight")), rest(x))
	others = div(mul(others, target), magnitude(others))
	x = slice(x, 0)
	for i := range n - 1 {
		x = add(x, slice(others, i))
	}
	return scaled(x)
}

// perLayerInputs are build_inp_per_layer and project_per_layer_inputs.
func (b *builder) perLayerInputs(x *tensor) *tensor {
	layers := int64(len(b.facts.Layers))
	table := orAbsent(b.weight("per_layer_token_embd.weight"))
	width := table.ne[0] / layers
	rows := getRows(table, input(i32, b.tokens))
	in := b.expand(scaled(reshaped(rows, width, layers, b.tokens)))
	proj := scaled(mulMat(orAbsent(b.weight("per_layer_model_proj.weight")), x))
	proj = b.norm(reshaped(proj, width, layers, b.tokens), "per_layer_proj_norm", -1)
	return cont(permuted(scaled(add(proj, in)), 0, 2, 1, 3))
}

// alternate is one layer.
func (b *builder) alternate(i int, l arch.Layer, x, perLayer *tensor, n int64) *tensor {
	predicted := b.altupPredicted(i, x, n)
	active := slice(predicted, 0)
	y := b.norm(active, "attn_norm", i)
	low := mulMat(b.of(i, "laurel_r"), mulMat(b.of(i, "laurel_l"), y))
	laurel := add(b.norm(low, "laurel_post_norm", i), y)
	y = b.norm(b.gemma3nAttention(i, l.Attention, y), "post_attention_norm", i)
	y = add(y, active)
	between := scaled(add(y, laurel))
	y = b.norm(b.sparseMLP(i, b.norm(between, "ffn_norm", i)), "post_ffw_norm", i)
	corrected := b.altupCorrected(i, predicted, add(y, between), n)

	first := mul(slice(corrected, 0), b.of(i, "altup_correct_scale"))
	first = unary(mulMat(b.of(i, "inp_gate"), first))
	first = mulMat(b.of(i, "proj"), mul(first, slice(perLayer, int64(i))))
	first = b.norm(first, "post_norm", i)
	return concat(slice(corrected, 0), add(rest(corrected), first), 2)
}

func (b *builder) gemma3nAttention(i int, a *arch.Attention, x *tensor) *tensor {
	if a.SharedFrom != nil {
		q := reshaped(mulMat(b.of(i, "attn_q"), x), a.KeyDim, a.Heads, b.tokens)
		return b.attend(i, a, heads{q: b.rope(b.norm(q, "attn_q_norm", i))}, "attn_output")
	}
	h := b.projected(i, a, x)
	h.q, h.k, h.v = b.norm(h.q, "attn_q_norm", i), b.norm(h.k, "attn_k_norm", i), rmsNormed(h.v)
	h.q, h.k = b.rope(h.q), b.rope(h.k)
	return b.attend(i, a, h, "attn_output")
}

func (b *builder) sparseMLP(i int, x *tensor) *tensor {
	up, gate := mulMat(b.of(i, "ffn_up"), x), mulMat(b.of(i, "ffn_gate"), x)
	if i < sparseLayers {
		mean := newNode("MEAN", f32, []int64{1, gate.ne[1], gate.ne[2], gate.ne[3]}, gate)
		deviation := rooted(scaled(sumRows(squared(sub(gate, mean)))))
		gate = unary(sub(gate, add(mean, scaled(deviation))))
	}
	return mulMat(b.of(i, "ffn_down"), mul(up, unary(gate)))
}

// modalities are altup_compute_router_modalities.
func (b *builder) modalities(i int, x *tensor) *tensor {
	return unary(mulMat(b.of(i, "altup_router"), scaled(b.norm(x, "altup_router_norm", i))))
}

func (b *builder) altupPredicted(i int, x *tensor, n int64) *tensor {
	coefs := mulMat(b.of(i, "altup_predict_coef"), b.modalities(i, slice(x, 0)))
	coefs = reshaped(coefs, n, n, b.tokens)
	y := mulMat(cont(permuted(x, 1, 2, 0, 3)), coefs)
	return add(cont(permuted(y, 0, 2, 1, 3)), x)
}

func (b *builder) altupCorrected(i int, predicted, activated *tensor, n int64) *tensor {
	modalities := b.modalities(i, activated)
	innovation := sub(activated, slice(predicted, 0))
	coefs := scaled(mulMat(b.of(i, "altup_correct_coef"), modalities))
	coefs = cont(transposed(coefs), 1, b.tokens, n)
	return add(mul(repeated(innovation, innovation.ne[0], b.tokens, n, 1), coefs), predicted)
}
