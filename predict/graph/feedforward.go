package graph

import "assay/predict/arch"

// gatedBy is an activation with a gate beside it (SwiGLU, GeGLU): one node.
func gatedBy(gate, up *tensor) *tensor { return like("GLU", gate, up) }

// mlp is build_ffn; suffix is that of a shared expert's weights.
func (b *builder) mlp(layer int, x *tensor, suffix string) *tensor {
	up := b.product(layer, "ffn_up"+suffix, x)
	if b.has(layer, "ffn_gate"+suffix) {
		x = gatedBy(b.product(layer, "ffn_gate"+suffix, x), up)
	} else {
		x = b.family.ungated(up)
	}
	return b.product(layer, "ffn_down"+suffix, x)
}

// fusedGLU: gate and up are halves of one product.
func fusedGLU(up *tensor) *tensor {
	return newNode("GLU", f32, []int64{up.ne[0] / 2, up.ne[1], up.ne[2], up.ne[3]}, up)
}

func reluSquared(up *tensor) *tensor { return squared(unary(up)) }

// experts is build_moe_ffn.
func (b *builder) experts(layer int, e *arch.Experts, x, logits *tensor) *tensor {
	tokens, width := x.ne[1], x.ne[0]
	if logits == nil {
		logits = mulMat(b.of(layer, "ffn_gate_inp"), x)
	}
	if bias := b.maybe(layer, "ffn_gate_inp.bias"); bias != nil {
		logits = add(logits, bias)
	}
	chosen, weights := b.chosen(layer, e, logits)
	b.expand(weights)
	x = reshaped(x, width, 1, tokens)
	if b.family.weighsInput {
		x = mul(repeated(x, width, e.Used, tokens, 1), weights)
	}
	x = b.expertMLP(layer, x, chosen)
	if !b.family.weighsInput {
		x = mul(x, weights)
	}
	b.expand(x)
	parts := make([]*tensor, e.Used)
	for i := range parts {
		parts[i] = b.expand(viewOf(x, []int64{x.ne[0], tokens}, []int64{x.nb[2]}, int64(i)*x.nb[1]))
	}
	sum := parts[0]
	for _, p := range parts[1:] {
		sum = b.expand(add(sum, p))
	}
	if len(parts) == 1 {
		sum = cont(sum)
	}
	return sum
}

// chosen are the indices of the experts and their weights.
func (b *builder) chosen(layer int, e *arch.Experts, logits *tensor) (ids, weights *tensor) {
	tokens := logits.ne[1]
	probs := logits
	if !b.family.softmaxesWeights {
		probs = b.family.gating(logits)
	}
	by := probs
	if bias := b.maybe(layer, "exp_probs_b.bias"); bias != nil {
		by = add(probs, bias)
	}
	if b.family.choosesByLogits {
		by = logits
	}
	if e.Groups > 1 {
		by = masked(by, e)
	}
	ids = topK(by, e.Used)
	weights = getRows(reshaped(probs, 1, e.Count, tokens), ids)
	if b.family.softmaxesWeights {
		weights = reshaped(like("SOFT_MAX", reshaped(weights, e.Used, tokens)), 1, e.Used, tokens)
	}
	if b.family.normsWeights || e.NormedWeights {
		weights = reshaped(weights, e.Used, tokens)
		weights = reshaped(div(weights, like("CLAMP", sumRows(weights))), 1, e.Used, tokens)
	}
	if e.WeightScale != 0 && e.WeightScale != 1 {
		weights = scaled(weights)
	}
	return ids, weights
}

// masked leaves the experts of the best groups (DeepSeek-V3).
func masked(by *tensor, e *arch.Experts) *tensor {
	tokens, per := by.ne[1], e.Count/e.Groups
	groups := reshaped(by, per, e.Groups, tokens)
	best := topK(groups, 2)
	two := getRows(reshaped(groups, 1, per, e.Groups, tokens), best)
	sums := sumRows(reshaped(two, two.ne[1], two.ne[2], two.ne[3]))
	top := topK(reshaped(sums, sums.ne[1], sums.ne[2]), e.GroupsUsed)
	kept := getRows(groups, top)
	all := inside("SET_ROWS", kept, top, like("FILL", groups))
	return reshaped(all, e.Count, tokens)
}

func (b *builder) expertMLP(layer int, x, ids *tensor) *tensor {
	product := func(name string, x *tensor) *tensor {
		y := mulMatID(b.of(layer, name), x, ids)
		if bias := b.maybe(layer, name+".bias"); bias != nil {
			y = like("ADD_ID", y, bias, ids)
		}
		return y
	}
	if b.has(layer, "ffn_gate_up_exps") {
		both := product("ffn_gate_up_exps", x)
		n := both.ne[0] / 2
		half := func(behind int64) *tensor {
			return viewOf(both, []int64{n, both.ne[1], both.ne[2]}, both.nb[1:3], 4*behind)
		}
		g := newNode("GLU", f32, []int64{n, both.ne[1], both.ne[2]}, half(0), half(n))
		return product("ffn_down_exps", g)
	}
	up := product("ffn_up_exps", x)
	if b.has(layer, "ffn_gate_exps") {
		x = gatedBy(product("ffn_gate_exps", x), up)
	} else {
		x = b.family.ungated(up)
	}
	return product("ffn_down_exps", x)
}

// feedForward is a layer's MLP or mixture, with its shared expert.
func (b *builder) feedForward(layer int, ff *arch.FeedForward, x *tensor) *tensor {
	if ff.Experts == nil {
		return b.mlp(layer, x, "")
	}
	sum := b.experts(layer, ff.Experts, x, nil)
	if !b.has(layer, "ffn_up_shexp") {
		return sum
	}
	if !b.has(layer, "ffn_gate_inp_shexp") {
		return add(sum, b.mlp(layer, x, "_shexp"))
	}
	return b.family.gatedShare(b, layer, sum, x)
}

// silu as x·σ(x) over x: how qwen2moe makes a sigmoid.
func dividedGate(b *builder, layer int, sum, x *tensor) *tensor {
	gate := mulMat(b.of(layer, "ffn_gate_inp_shexp"), x)
	gate = div(unary(gate), gate)
	return add(sum, mul(b.mlp(layer, x, "_shexp"), gate))
}

func sigmoidGate(b *builder, layer int, sum, x *tensor) *tensor {
	shared := b.mlp(layer, x, "_shexp")
	gate := unary(mulMat(b.of(layer, "ffn_gate_inp_shexp"), x))
	return add(sum, mul(shared, gate))
}
