package arch

import (
	"slices"
)

func (r *reader) feedForwards(n int) []*FeedForward {
	experts := r.experts()
	width, ok := r.widths(n, experts)
	if !ok && experts == nil {
		r.fail("intermediate_size", "missing; add the key")
		return nil
	}
	if !ok {
		width = make([]int64, n)
	}
	routed := r.routedLayers(n)
	gated := r.gated()
	out := make([]*FeedForward, n)
	for i := range out {
		if experts != nil && routed(i) {
			own := *experts
			out[i] = &FeedForward{Gated: gated, Experts: &own}
			continue
		}
		out[i] = &FeedForward{Intermediate: width[i], Gated: gated}
	}
	return out
}

// gated: nearly every model's feed-forward has a gate; the types without are known.
func (r *reader) gated() bool {
	if r.kind == nil {
		r.note("feed_forward.gated", FromHeuristic, "assumed: the model type is not known")
		return true
	}
	r.note("feed_forward.gated", FromDefault, "%t for model type %s", !r.kind.ungated, r.kind.name)
	return !r.kind.ungated
}

// widths are the dense layers' feed-forward widths.
func (r *reader) widths(n int, experts *Experts) ([]int64, bool) {
	if r.kind != nil && r.kind.sharedIsDense && experts == nil {
		width, ok := r.perLayer("experts.shared_width", n)
		r.prov["feed_forward.intermediate"] = r.prov["experts.shared_width"]
		return width, ok
	}
	width, ok := r.perLayer("feed_forward.intermediate", n)
	if ok && r.kind != nil && r.kind.adjustedWidth {
		r.adjust(width)
	}
	return width, ok
}

// adjust is LFM2's rule: two thirds, scaled, rounded up to a multiple
// (modeling_lfm2.py of transformers, Lfm2MLP).
func (r *reader) adjust(width []int64) {
	if on, said := r.flag("feed_forward.adjusted", "block_auto_adjust_ff_dim"); said && !on {
		return
	}
	scale, multiple := r.number("feed_forward.scale"), r.optionalOr("feed_forward.multiple", 1)
	for i, w := range width {
		scaled := int64(float64(2*w/3) * orDefault(scale, 1))
		width[i] = (scaled + multiple - 1) / multiple * multiple
	}
	r.note("feed_forward.intermediate", FromComputed, "block_ff_dim × 2/3 × multiplier, up to a multiple of %d", multiple)
}

// experts reads the mixture of experts, nil where there is none.
func (r *reader) experts() *Experts {
	count := r.optionalOr("experts.count", 0)
	if count == 0 {
		return nil
	}
	e := &Experts{Count: count, Used: r.integer("experts.used"), Intermediate: r.integer("experts.intermediate")}
	if e.Used > count {
		r.fail("num_experts_per_tok", "%d experts of %d cannot be used; correct one of them", e.Used, count)
	}
	if width, ok := r.optional("experts.shared_width"); ok {
		e.SharedIntermediate = width
	} else if shared, ok := r.optional("experts.shared_count"); ok {
		e.SharedIntermediate = shared * e.Intermediate
	}
	e.RouterBias = r.kind != nil && r.kind.routerBias
	r.weigh(e, "norm_topk_prob")
	e.SharedGate = e.SharedIntermediate > 0 && r.kind != nil && r.kind.sharedGate
	return e
}

// routedLayers says which layers have experts: those after the leading dense
// ones, the last of every step or the one at an offset, and not the ones named
// as dense.
func (r *reader) routedLayers(n int) func(int) bool {
	leading := r.optionalOr("experts.leading_dense", 0)
	step := r.optionalOr("experts.step", 1)
	offset := r.optionalOr("experts.offset", step-1)
	dense := r.indexes("mlp_only_layers", n)
	listed := r.indexes("moe_layers", n)
	return func(i int) bool {
		if listed != nil {
			return slices.Contains(listed, i)
		}
		return int64(i) >= leading && int64(i)%step == offset && !slices.Contains(dense, i)
	}
}

// indexes reads a list of layer numbers, nil when it is absent or empty.
func (r *reader) indexes(name string, n int) []int {
	v, ok := r.keys[name]
	if !ok {
		return nil
	}
	list, _ := v.data.([]any)
	var out []int
	for _, data := range list {
		i, ok := asInteger(data)
		if !ok || i < 0 || i >= int64(n) {
			r.fail(v.path, "%s is no layer of %d; correct the key", show(data), n)
			return nil
		}
		out = append(out, int(i))
	}
	return out
}
