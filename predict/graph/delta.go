package graph

import "assay/predict/arch"

// gatedDelta is build_layer_attn_linear with the fused operation
// (src/models/qwen3next.cpp, qwen35.cpp, delta-net-base.cpp).
func (b *builder) gatedDelta(layer int, r *arch.Recurrent, x *tensor) *tensor {
	steps, nK, nV, dimK := b.tokens/b.seqs, r.Groups, r.TimeStepRank, r.State
	dimV := r.Inner / nV
	wide := r.Inner + 2*nK*dimK
	qkv, z := b.deltaProjections(layer, r, x)
	beta, gate := b.deltaGates(layer, nK, nV, steps, x)

	convAll, stateAll := b.stateRows(layer, (r.ConvKernel-1)*wide), b.stateRows(layer, dimV*dimV*nV)
	conv := reshaped(b.continued(convAll, getRows), r.ConvKernel-1, wide, b.seqs)
	in := concat(conv, transposed(qkv), 0)
	b.kept(viewOf(in, []int64{r.ConvKernel - 1, wide, b.seqs}, in.nb[1:3], 4*(in.ne[0]-r.ConvKernel+1)), convAll)
	state := reshaped(b.continued(stateAll, getRows), dimV, dimV, nV, b.seqs)
	mixed := unary(newNode("SSM_CONV", f32, []int64{wide, steps, b.seqs}, in, b.of(layer, "ssm_conv1d")))
	row := 4 * wide
	part := func(dim, n, behind int64) *tensor {
		return viewOf(mixed, []int64{dim, n, steps, b.seqs}, []int64{4 * dim, row, row * steps}, 4*behind)
	}
	q, k := like("L2_NORM", part(dimK, nK, 0)), like("L2_NORM", part(dimK, nK, dimK*nK))
	v := part(dimV, nV, 2*dimK*nK)
	if nK != nV && b.has(layer, "ssm_ba") { // qwen35 leaves that to the fused operation
		q, k = b.interleaved(q, nV/nK), b.interleaved(k, nV/nK)
	}
	n := dimV*nV*steps*b.seqs + dimV*dimV*nV*b.seqs
	fused := newNode("GATED_DELTA_NET", f32, []int64{n}, q, k, v, gate, beta, state)
	out := viewOf(fused, []int64{dimV, nV, steps, b.seqs}, []int64{4 * dimV, 4 * dimV * nV, 4 * dimV * nV * steps}, 0)
	after := viewOf(fused, []int64{dimV, dimV, nV, b.seqs}, []int64{4 * dimV, 4 * dimV * dimV, 4 * dimV * dimV * nV},
		4*dimV*nV*steps*b.seqs)
	b.kept(after, stateAll)
	out = mul(b.norm(out, "ssm_norm", layer), unary(reshaped(z, dimV, nV, steps, b.seqs)))
	y := mulMat(b.of(layer, "ssm_out"), reshaped(out, dimV*nV, steps, b.seqs))
	return reshaped(y, b.facts.Hidden, steps*b.seqs)
}

// deltaProjections are build_qkvz: one product and its split, or two products.
func (b *builder) deltaProjections(layer int, r *arch.Recurrent, x *tensor) (qkv, z *tensor) {
	steps, nK, nV, dimK := b.tokens/b.seqs, r.Groups, r.TimeStepRank, r.State
	dimV := r.Inner / nV
	if b.has(layer, "attn_qkv") {
		qkv = mulMat(b.of(layer, "attn_qkv"), x)
		return reshaped(qkv, qkv.ne[0], steps, b.seqs), mulMat(b.of(layer, "attn_gate"), x)
	}
	per := dimV * nV / nK
	all := mulMat(b.of(layer, "ssm_in"), x)
	all = reshaped(all, 2*dimK+2*per, nK, steps, b.seqs)
	part := func(n, behind int64) *tensor {
		return viewOf(all, []int64{n, nK, steps, b.seqs}, all.nb[1:], 4*behind)
	}
	q, k, v := part(dimK, 0), part(dimK, dimK), part(per, 2*dimK)
	z = cont(part(per, 2*dimK+per))
	flatQ := cont(q, dimK*nK, steps, b.seqs)
	flatK := cont(k, dimK*nK, steps, b.seqs)
	flatV := cont(v, dimV*nV, steps, b.seqs)
	return concat(concat(flatQ, flatK, 0), flatV, 0), z
}

// deltaGates are the strength of what is written and the decay of what was, of one
// product or (qwen35) two.
func (b *builder) deltaGates(layer int, nK, nV, steps int64, x *tensor) (beta, gate *tensor) {
	if !b.has(layer, "ssm_ba") {
		beta = unary(reshaped(mulMat(b.of(layer, "ssm_beta"), x), 1, nV, steps, b.seqs))
		alpha := reshaped(mulMat(b.of(layer, "ssm_alpha"), x), nV, steps, b.seqs)
		gate = mul(unary(add(alpha, b.of(layer, "ssm_dt.bias"))), b.of(layer, "ssm_a."))
		return beta, reshaped(gate, 1, nV, steps, b.seqs)
	}
	both := mulMat(b.of(layer, "ssm_ba"), x)
	both = reshaped(both, 2*nV/nK, nK, steps, b.seqs)
	half := func(i int64) *tensor {
		return viewOf(both, []int64{nV / nK, nK, steps, b.seqs}, both.nb[1:], 4*i*nV/nK)
	}
	beta = unary(cont(half(0)))
	alpha := add(cont(half(1), nV, steps, b.seqs), b.of(layer, "ssm_dt.bias"))
	gate = mul(unary(alpha), b.of(layer, "ssm_a."))
	return reshaped(beta, 1, nV, steps, b.seqs), reshaped(gate, 1, nV, steps, b.seqs)
}

// interleaved repeats each head.
func (b *builder) interleaved(x *tensor, times int64) *tensor {
	dim, n, steps := x.ne[0], x.ne[1], x.ne[2]
	x = repeated(reshaped(x, dim, 1, n, steps*b.seqs), dim, times, n, steps*b.seqs)
	return reshaped(x, dim, n*times, steps, b.seqs)
}
