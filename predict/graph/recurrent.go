package graph

import "assay/predict/arch"

// stateRows are the states of a layer, one row a sequence.
func (b *builder) stateRows(layer int, size int64) *tensor {
	t := newTensor(f32, size, b.slots())
	t.held, t.layer = true, layer+1
	return t
}

// slots is how many sequences have a state.
func (b *builder) slots() int64 { return max(1, int64(b.params.NSeq)) }

// continued is build_rs: the states that the sequences continue, fetched by rows
// unless the operation takes them itself, a fresh one zeroed, and those of other
// sequences moved along.
func (b *builder) continued(all *tensor, fetch func(states, ids *tensor) *tensor) *tensor {
	size := all.ne[0]
	states := reshaped(all, size, all.ne[1])
	first := viewOf(states, []int64{size}, nil, 0)
	b.expand(inside("SCALE", first))
	out := b.expand(fetch(states, b.continuing))
	others := getRows(states, b.others)
	b.expand(inside("CPY", others, viewOf(all, []int64{size, b.slots() - b.seqs}, []int64{all.nb[1]}, 0)))
	return out
}

// kept is a cpy of what a step made into the states.
func (b *builder) kept(x, all *tensor) {
	b.expand(inside("CPY", x, viewOf(all, []int64{all.ne[0], b.seqs}, []int64{all.nb[1]}, 0)))
}

// mamba2 is build_mamba2_layer (src/models/mamba-base.cpp).
func (b *builder) mamba2(layer int, r *arch.Recurrent, x *tensor) *tensor {
	steps := b.tokens / b.seqs
	inner, state, groups, nHeads := r.Inner, r.State, r.Groups, r.Heads
	if nHeads == 0 {
		nHeads = r.TimeStepRank
	}
	dim, wide := inner/nHeads, inner+2*groups*state
	convAll, stateAll := b.stateRows(layer, (r.ConvKernel-1)*wide), b.stateRows(layer, state*inner)
	conv := b.continued(convAll, getRows)
	conv = reshaped(conv, r.ConvKernel-1, wide, b.seqs)
	in := mulMat(b.of(layer, "ssm_in"), x)
	in = reshaped(in, in.ne[0], steps, b.seqs)
	z := viewOf(in, []int64{dim, nHeads, steps, b.seqs}, []int64{4 * dim, in.nb[1], in.nb[2]}, 0)
	xBC := viewOf(in, []int64{wide, steps, b.seqs}, in.nb[1:3], 4*inner)
	dt := viewOf(in, []int64{nHeads, steps, b.seqs}, in.nb[1:3], 4*(2*inner+2*groups*state))

	convX := concat(conv, transposed(xBC), 0)
	b.kept(viewOf(convX, []int64{r.ConvKernel - 1, wide, b.seqs}, convX.nb[1:3], 4*steps), convAll)
	xBC = newNode("SSM_CONV", f32, []int64{wide, steps, b.seqs}, convX, b.of(layer, "ssm_conv1d"))
	if bias := b.maybe(layer, "ssm_conv1d.bias"); bias != nil {
		xBC = add(xBC, bias)
	}
	xBC = unary(xBC)
	part := func(n0, n1, behind int64) *tensor {
		return viewOf(xBC, []int64{n0, n1, steps, b.seqs}, []int64{4 * n0, xBC.nb[1], xBC.nb[2]}, 4*behind)
	}
	xs, bs, cs := part(dim, nHeads, 0), part(state, groups, inner), part(state, groups, inner+groups*state)
	dt = add(cont(dt), b.of(layer, "ssm_dt.bias"))
	decay := b.of(layer, "ssm_a.")
	y := b.continued(stateAll, func(states, ids *tensor) *tensor {
		s := reshaped(states, state, dim, nHeads, b.slots())
		n := xs.elements() + state*dim*nHeads*b.seqs
		return newNode("SSM_SCAN", f32, []int64{n}, s, xs, dt, decay, bs, cs, ids)
	})
	b.kept(viewOf(y, []int64{state * inner, b.seqs}, []int64{4 * state * inner}, 4*xs.elements()), stateAll)
	out := viewOf(y, []int64{dim, nHeads, steps, b.seqs}, []int64{xs.nb[1], nHeads * xs.nb[1], steps * nHeads * xs.nb[1]}, 0)
	out = add(out, mul(xs, b.of(layer, "ssm_d.")))
	out = like("GLU", cont(z), out)
	if b.has(layer, "ssm_norm") {
		out = reshaped(out, inner/groups, groups, steps, b.seqs)
		out = b.norm(out, "ssm_norm", layer)
	}
	return mulMat(b.of(layer, "ssm_out"), reshaped(out, inner, steps*b.seqs))
}

// shortConv is build_shortconv_block (src/models/lfm2.cpp).
func (b *builder) shortConv(layer int, r *arch.Recurrent, x *tensor) *tensor {
	steps, width, window := b.tokens/b.seqs, b.facts.Hidden, r.ConvKernel-1
	x = reshaped(x, x.ne[0], steps, b.seqs)
	bcx := mulMat(b.of(layer, "shortconv.in_proj.weight"), x)
	n := bcx.ne[0] / 3
	part := func(i int64) *tensor {
		return viewOf(bcx, []int64{n, bcx.ne[1], bcx.ne[2]}, bcx.nb[1:3], 4*i*n)
	}
	gateIn, gateOut, value := part(0), part(1), part(2)
	bx := transposed(mul(gateIn, value))
	all := b.stateRows(layer, window*width)
	conv := reshaped(b.continued(all, getRows), window, width, b.seqs)
	bx = concat(conv, bx, 0)
	b.kept(viewOf(bx, []int64{window, bx.ne[1], bx.ne[2]}, bx.nb[1:3], 4*(bx.ne[0]-window)), all)
	out := newNode("SSM_CONV", f32, []int64{width, steps, b.seqs}, bx, b.of(layer, "shortconv.conv.weight"))
	y := mulMat(b.of(layer, "shortconv.out_proj.weight"), mul(gateOut, out))
	return reshaped(y, y.ne[0], steps*b.seqs)
}

// recurrence are the blocks of recurrent layers by their kind.
var recurrences = map[string]func(*builder, int, *arch.Recurrent, *tensor) *tensor{
	"mamba2":      (*builder).mamba2,
	"shortconv":   (*builder).shortConv,
	"gated-delta": (*builder).gatedDelta,
}
