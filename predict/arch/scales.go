package arch

// scales reads what a model multiplies by, of the types that llama.cpp applies
// it in: src/models/granite.cpp and granite-hybrid.cpp of v0.5.0.
func (r *reader) scales() Scales {
	if r.kind == nil || !r.kind.scaled {
		return Scales{}
	}
	return Scales{
		Embedding: r.number("scales.embedding"), Residual: r.number("scales.residual"),
		Attention: r.number("scales.attention"), Logit: r.number("scales.logit"),
	}
}

// unrotated: llama.cpp's converter turns rotary embedding off in a hybrid that
// may do without recurrent layers and has some (conversion/granite.py, v0.5.0).
func (r *reader) unrotated(f *Facts) bool {
	if r.kind == nil || r.kind.pureFamily == "" || f.recurrent() == nil {
		return false
	}
	r.note("unrotated", FromDefault, "llama.cpp's converter for model type %s with recurrent layers", r.kind.name)
	return true
}

// weigh reads how experts are weighed and grouped, of the types that llama.cpp
// reads it for (src/models/deepseek2.cpp of v0.5.0).
func (r *reader) weigh(e *Experts, normed string) {
	if r.kind == nil || !r.kind.weighed {
		return
	}
	e.NormedWeights, _ = r.flag("experts.normed_weights", normed)
	e.WeightScale = r.number("experts.weight_scale")
	e.Groups, e.GroupsUsed = r.optionalOr("experts.groups", 0), r.optionalOr("experts.groups_used", 0)
}

// scaleKeys and weighingKeys are the same as the converter writes them.
var (
	scaleKeys = []key{
		{"embedding_scale", func(f *Facts) any { return stated(f.Scales.Embedding) }},
		{"residual_scale", func(f *Facts) any { return stated(f.Scales.Residual) }},
		{"attention.scale", func(f *Facts) any { return stated(f.Scales.Attention) }},
		{"rope.scaling.finetuned", func(f *Facts) any {
			if f.Unrotated {
				return false
			}
			return nil
		}},
	}
	weighingKeys = []key{
		{"expert_weights_norm", func(f *Facts) any {
			if e := f.experts(); e != nil && e.NormedWeights {
				return true
			}
			return nil
		}},
		{"expert_weights_scale", func(f *Facts) any {
			if e := f.experts(); e != nil {
				return stated(e.WeightScale)
			}
			return nil
		}},
		{"expert_group_count", func(f *Facts) any { return anyExperts(f, func(e *Experts) int64 { return e.Groups }) }},
		{"expert_group_used_count", func(f *Facts) any { return anyExperts(f, func(e *Experts) int64 { return e.GroupsUsed }) }},
	}
	// logitScale is required by loaders that scale their logits; where no source
	// states it a skeleton's are random, and any scale serves.
	logitScale = key{"logit_scale", func(f *Facts) any { return float32(orDefault(f.Scales.Logit, 1)) }}
	// mayScaleLogits is the same where the loader does without.
	mayScaleLogits = key{"logit_scale", func(f *Facts) any { return stated(f.Scales.Logit) }}
)

// stated leaves out what no source states.
func stated(v float64) any {
	if v == 0 {
		return nil
	}
	return float32(v)
}
