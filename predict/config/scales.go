package config

import (
	"assay/predict/arch"
)

// Scales reads what a model multiplies by, of the types that llama.cpp applies
// it in: src/models/granite.cpp and granite-hybrid.cpp of v0.5.0.
func (r *Reader) Scales() arch.Scales {
	if r.Kind == nil || !r.Kind.Scaled {
		return arch.Scales{}
	}
	return arch.Scales{
		Embedding: r.Number("scales.embedding"), Residual: r.Number("scales.residual"),
		Attention: r.Number("scales.attention"), Logit: r.Number("scales.logit"),
	}
}

// unrotated: llama.cpp's converter turns rotary embedding off in a hybrid that
// may do without recurrent layers and has some (conversion/granite.py, v0.5.0).
func (r *Reader) unrotated(f *arch.Facts) bool {
	if r.Kind == nil || r.Kind.pureFamily == "" || f.FirstRecurrent() == nil {
		return false
	}
	r.Note("unrotated", arch.FromDefault, "llama.cpp's converter for model type %s with recurrent layers", r.Kind.Name)
	return true
}

// Weigh reads how experts are weighed and grouped, of the types that llama.cpp
// reads it for (src/models/deepseek2.cpp of v0.5.0).
func (r *Reader) Weigh(e *arch.Experts, normed string) {
	if r.Kind == nil || !r.Kind.Weighed {
		return
	}
	e.NormedWeights, _ = r.Flag("experts.normed_weights", normed)
	e.WeightScale = r.Number("experts.weight_scale")
	e.Groups, e.GroupsUsed = r.OptionalOr("experts.groups", 0), r.OptionalOr("experts.groups_used", 0)
}
