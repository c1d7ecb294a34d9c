package config

import (
	"cmp"
	"slices"

	"assay/predict/arch"
)

// feedForwards are those of the layers; the ones that are said to be dense have no
// experts, whatever others have.
func (r *Reader) feedForwards(n int, dense func(layer int) bool) []*arch.FeedForward {
	experts := r.experts()
	width, ok := r.widths(n, experts)
	if !ok && experts == nil {
		r.Fail("intermediate_size", "missing; add the key")
		return nil
	}
	if !ok {
		width = make([]int64, n)
	}
	routed := r.routedLayers(n)
	gated := r.gated()
	beside := r.Kind != nil && r.Kind.besideDense
	if wide, _ := r.Flag("feed_forward.doubled", "use_double_wide_mlp"); wide && beside {
		for i := max(0, n-int(r.OptionalOr("attention.shared", 0))); i < n; i++ {
			width[i] *= 2
		}
	}
	out := make([]*arch.FeedForward, n)
	for i := range out {
		if experts != nil && routed(i) && !dense(i) {
			own := *experts
			out[i] = &arch.FeedForward{Gated: gated, Experts: &own}
			if beside {
				out[i].Intermediate = width[i]
			}
			continue
		}
		out[i] = &arch.FeedForward{Intermediate: width[i], Gated: gated}
	}
	return out
}

// PerLayerWidth is that of the embeddings which every layer has of its own.
func (r *Reader) PerLayerWidth() int64 {
	if r.Kind == nil || !r.Kind.PerLayer {
		return 0
	}
	return r.OptionalOr("per_layer", 0)
}

// gated: nearly every model's feed-forward has a gate; the types without are known.
func (r *Reader) gated() bool {
	if r.Kind == nil {
		r.Note("feed_forward.gated", arch.FromHeuristic, "assumed: the model type is not known")
		return true
	}
	r.Note("feed_forward.gated", arch.FromDefault, "%t for model type %s", !r.Kind.ungated, r.Kind.Name)
	return !r.Kind.ungated
}

// widths are the dense layers' feed-forward widths.
func (r *Reader) widths(n int, experts *arch.Experts) ([]int64, bool) {
	if r.Kind != nil && r.Kind.sharedIsDense && experts == nil {
		width, ok := r.PerLayer("experts.shared_width", n)
		r.Prov["feed_forward.intermediate"] = r.Prov["experts.shared_width"]
		return width, ok
	}
	width, ok := r.PerLayer("feed_forward.intermediate", n)
	if ok && r.Kind != nil && r.Kind.adjustedWidth {
		r.adjust(width)
	}
	return width, ok
}

// adjust is LFM2's rule: two thirds, scaled, rounded up to a multiple
// (modeling_lfm2.py of transformers, Lfm2MLP).
func (r *Reader) adjust(width []int64) {
	if on, said := r.Flag("feed_forward.adjusted", "block_auto_adjust_ff_dim"); said && !on {
		return
	}
	scale, multiple := r.Number("feed_forward.scale"), r.OptionalOr("feed_forward.multiple", 1)
	for i, w := range width {
		scaled := int64(float64(2*w/3) * cmp.Or(scale, 1))
		width[i] = (scaled + multiple - 1) / multiple * multiple
	}
	r.Note("feed_forward.intermediate", arch.FromComputed, "block_ff_dim × 2/3 × multiplier, up to a multiple of %d", multiple)
}

// experts reads the mixture of experts, nil where there is none.
func (r *Reader) experts() *arch.Experts {
	count := r.OptionalOr("experts.count", 0)
	if count == 0 {
		return nil
	}
	e := &arch.Experts{Count: count, Used: r.Integer("experts.used"), Intermediate: r.Integer("experts.intermediate")}
	if e.Used > count {
		r.Fail("num_experts_per_tok", "%d experts of %d cannot be used; correct one of them", e.Used, count)
	}
	if width, ok := r.Optional("experts.shared_width"); ok {
		e.SharedIntermediate = width
	} else if shared, ok := r.Optional("experts.shared_count"); ok {
		e.SharedIntermediate = shared * e.Intermediate
	}
	e.RouterBias = r.Kind != nil && r.Kind.routerBias
	r.Weigh(e, "norm_topk_prob")
	e.SharedGate = e.SharedIntermediate > 0 && r.Kind != nil && r.Kind.sharedGate
	return e
}

// routedLayers says which layers have experts: those after the leading dense
// ones, the last of every step or the one at an offset, and not the ones named
// as dense.
func (r *Reader) routedLayers(n int) func(int) bool {
	leading := r.OptionalOr("experts.leading_dense", 0)
	step := r.OptionalOr("experts.step", 1)
	offset := r.OptionalOr("experts.offset", step-1)
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
func (r *Reader) indexes(name string, n int) []int {
	v, ok := r.Keys[name]
	if !ok {
		return nil
	}
	list, _ := v.Data.([]any)
	var out []int
	for _, data := range list {
		i, ok := AsInteger(data)
		if !ok || i < 0 || i >= int64(n) {
			r.Fail(v.Path, "%s is no layer of %d; correct the key", Show(data), n)
			return nil
		}
		out = append(out, int(i))
	}
	return out
}
