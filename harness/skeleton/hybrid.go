package skeleton

import (
	"fmt"
	"strings"

	"assay/predict/arch"
)

// hybrids are the model types whose layers are gated delta rules but for every so many,
// with how each names its rotary embedding.
var hybrids = map[string]func(fields map[string]any){
	"qwen3_next": func(fields map[string]any) { fields["partial_rotary_factor"] = rotated },
	"qwen3_5":    nested, "qwen3_5_moe": nested,
}

func nested(fields map[string]any) {
	fields["rope_parameters"] = map[string]any{"rope_type": "default", "rope_theta": fields["rope_theta"], "partial_rotary_factor": rotated}
}

// rotated is the share of a head that all published models of these types turn, which
// changes no size.
const rotated = 0.25

// Hybrid says whether skeletons are written of a model type with recurrent layers.
func Hybrid(modelType string) bool { return hybrids[modelType] != nil }

// hybridType is the model type that a text model is written as.
func hybridType(f arch.Facts) string { return strings.TrimSuffix(f.ModelType, "_text") }

// hybrid adds what the layers that are recurrent consist of, and which ones attend.
func hybrid(f arch.Facts, fields map[string]any) error {
	interval, sizes := 0, (*arch.Recurrent)(nil)
	for i, layer := range f.Layers {
		switch {
		case layer.Attention != nil && interval == 0:
			interval = i + 1
		case layer.Recurrent != nil && sizes == nil:
			sizes = layer.Recurrent
		}
	}
	if interval == 0 || sizes == nil {
		return fmt.Errorf("%s: mlx-lm's %s needs a layer that attends and one that is recurrent", f.Name, f.ModelType)
	}
	for i, layer := range f.Layers {
		r := layer.Recurrent
		if (layer.Attention != nil) != ((i+1)%interval == 0) || r != nil && *r != *sizes || r != nil && r.Kind != "gated-delta" {
			return fmt.Errorf("%s: layer %d breaks the pattern of one layer in %d that attends, which no config.json of %s can say", f.Name,
				i, interval, f.ModelType)
		}
	}
	for name, size := range map[string]int64{
		"full_attention_interval": int64(interval), "linear_conv_kernel_dim": sizes.ConvKernel,
		"linear_num_value_heads": sizes.Heads, "linear_num_key_heads": sizes.Groups,
		"linear_key_head_dim": sizes.State, "linear_value_head_dim": sizes.Inner / max(1, sizes.Heads),
	} {
		fields[name] = size
	}
	hybrids[hybridType(f)](fields)
	return nil
}
