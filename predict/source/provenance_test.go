package source_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/source"
)

// needed names the provenance entries that a model's facts call for.
func needed(f arch.Facts) []string {
	out := []string{"model_type", "family", "hidden", "vocab", "layers", "tied_embeddings"}
	for _, l := range f.Layers {
		if a := l.Attention; a != nil {
			out = append(out, "attention.heads", "attention.kv_heads", "attention.bias", "attention.qk_norm", "attention.sinks")
			switch {
			case a.MLA != nil:
				out = append(out, "mla.kv_lora_rank", "mla.rope_dim", "mla.value_dim")
			default:
				out = append(out, "attention.key_dim")
			}
			if a.Window > 0 {
				out = append(out, "attention.window")
			}
		}
		if r := l.Recurrent; r != nil {
			out = append(out, "recurrent.conv_kernel")
			if r.State > 0 {
				out = append(out, "recurrent.state", "recurrent.heads", "recurrent.inner")
			}
		}
		if ff := l.FeedForward; ff != nil {
			out = append(out, "feed_forward.gated")
			if ff.Experts != nil {
				out = append(out, "experts.count", "experts.used", "experts.intermediate")
			} else {
				out = append(out, "feed_forward.intermediate")
			}
		}
	}
	switch f.Family {
	case "granite":
		out = append(out, "scales.embedding", "scales.residual", "scales.attention", "scales.logit")
	case "granitehybrid":
		out = append(out, "scales.logit", "unrotated")
	case "deepseek2":
		out = append(out, "experts.weight_scale", "experts.groups", "experts.groups_used")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestEveryFactSaysWhereItIsFrom, from a config and from a GGUF of the same model.
func TestEveryFactSaysWhereItIsFrom(t *testing.T) {
	for _, name := range source.Presets() {
		config := load(t, name)
		for source, f := range map[string]arch.Facts{"config": config, "gguf": load(t, writeGGUF(t, family.KVFaithful(config)))} {
			for _, field := range needed(f) {
				p, ok := f.Provenance[field]
				assert.True(t, ok, "%s of %s: %s", source, name, field)
				assert.NotEmpty(t, p.Detail, "%s of %s: %s", source, name, field)
			}
		}
	}
}

// TestProvenance: where the facts of Gemma 3 12B, which states few, come from.
func TestProvenance(t *testing.T) {
	p := load(t, "gemma-3-12b").Provenance
	assert.Equal(t, arch.Provenance{Origin: arch.FromFile, Detail: "text_config.hidden_size of preset gemma-3-12b"}, p["hidden"])
	assert.Equal(t, arch.Provenance{Origin: arch.FromDefault,
		Detail: "head_dim of model type gemma3_text (transformers 5.23.0)"}, p["attention.key_dim"])
	p = load(t, "llama-3.1-8b").Provenance
	assert.Equal(t, arch.Provenance{Origin: arch.FromComputed,
		Detail: "hidden ÷ heads = 4096 ÷ 32, as head_dim is absent"}, p["attention.key_dim"])
	p = load(t, "qwen2.5-14b").Provenance
	assert.Equal(t, "none: use_sliding_window is false, whatever sliding_window (131072) says", p["attention.window"].Detail)
}
