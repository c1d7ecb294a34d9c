package llamacpp

import (
	"cmp"

	"assay/predict/arch"
)

// scaleKeys and weighingKeys are the same as the converter writes them.
var (
	scaleKeys = []key{
		{"embedding_scale", func(f *arch.Facts) any { return stated(f.Scales.Embedding) }},
		{"residual_scale", func(f *arch.Facts) any { return stated(f.Scales.Residual) }},
		{"attention.scale", func(f *arch.Facts) any { return stated(f.Scales.Attention) }},
		{"rope.scaling.finetuned", func(f *arch.Facts) any {
			if f.Unrotated {
				return false
			}
			return nil
		}},
	}
	weighingKeys = []key{
		{"expert_weights_norm", func(f *arch.Facts) any {
			if e := f.FirstExperts(); e != nil && e.NormedWeights {
				return true
			}
			return nil
		}},
		{"expert_weights_scale", func(f *arch.Facts) any {
			if e := f.FirstExperts(); e != nil {
				return stated(e.WeightScale)
			}
			return nil
		}},
		{"expert_group_count", func(f *arch.Facts) any { return anyExperts(f, func(e *arch.Experts) int64 { return e.Groups }) }},
		{"expert_group_used_count", func(f *arch.Facts) any { return anyExperts(f, func(e *arch.Experts) int64 { return e.GroupsUsed }) }},
	}
	// sigmoidGating is how experts are chosen, of the families whose loader asks for it.
	sigmoidGating = key{"expert_gating_func", func(*arch.Facts) any { return uint32(2) }}
	// logitScale is required by loaders that scale their logits; where no source
	// states it a skeleton's are random, and any scale serves.
	logitScale = key{"logit_scale", func(f *arch.Facts) any { return float32(cmp.Or(f.Scales.Logit, 1)) }}
	// mayScaleLogits is the same where the loader does without.
	mayScaleLogits = key{"logit_scale", func(f *arch.Facts) any { return stated(f.Scales.Logit) }}
)

// stated leaves out what no source states.
func stated(v float64) any {
	if v == 0 {
		return nil
	}
	return float32(v)
}
