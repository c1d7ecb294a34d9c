package skeleton

import (
	"fmt"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
)

// squareTypes are the model types whose head dimension mlx-lm computes as
// hidden ÷ heads, whatever a configuration says (mlx_lm/models, 0.31.3).
var squareTypes = map[string]bool{"mixtral": true, "phi3": true, "qwen2": true, "qwen2_moe": true}

// FolderFacts are the facts of a KV-faithful skeleton for mlx-lm: as for
// llama.cpp, but a model whose heads must fill its width gets that width, and
// latent attention keeps its heads, as mlx-lm may cache each (deepseek_v2).
func FolderFacts(f arch.Facts) arch.Facts {
	small := family.KVFaithful(f)
	for i, layer := range f.Layers {
		if a := layer.Attention; a != nil && a.MLA != nil {
			small.Layers[i].Attention.Heads, small.Layers[i].Attention.KVHeads = a.Heads, a.KVHeads
		}
	}
	if _, ok := hybrids[hybridType(f)]; ok {
		small.ModelType = hybridType(f)
	}
	if a := first(small); a != nil && squareTypes[f.ModelType] {
		small.Hidden = a.Heads * a.KeyDim
	}
	return small
}

// first is the attention of the first layer that has any, or nil.
func first(f arch.Facts) *arch.Attention {
	for _, layer := range f.Layers {
		if layer.Attention != nil {
			return layer.Attention
		}
	}
	return nil
}

// Config answers the fields of a config.json with these facts, for the model
// types that package lm runs. Layers that differ in more than their window or
// experts have no such form.
func Config(f arch.Facts) (map[string]any, error) {
	a := first(f)
	if a == nil || f.Layers[0].FeedForward == nil {
		return nil, fmt.Errorf("%s: a folder for mlx-lm needs attention, and a feed-forward part in the first layer", f.Name)
	}
	_, recurs := hybrids[hybridType(f)]
	for i, layer := range f.Layers {
		b := layer.Attention
		if layer.Recurrent != nil && !recurs || b != nil && (b.MLA != nil || b.Chunked) {
			return nil, fmt.Errorf("%s: layer %d is recurrent, or its attention latent or chunked, and no config.json of a skeleton is written "+
				"of such a %s", f.Name, i, f.ModelType)
		}
		if layer.Recurrent != nil && b == nil {
			continue
		}
		if b == nil || b.Heads != a.Heads || b.KVHeads != a.KVHeads || b.KeyDim != a.KeyDim || b.ValueDim != a.KeyDim {
			return nil, fmt.Errorf("%s: layer %d has other heads than layer 0, which no config.json for mlx-lm can say", f.Name, i)
		}
	}
	if squareTypes[f.ModelType] && f.Hidden != a.Heads*a.KeyDim {
		return nil, fmt.Errorf("%s: hidden %d is not %d heads of %d, as mlx-lm's %s needs", f.Name, f.Hidden, a.Heads, a.KeyDim, f.ModelType)
	}
	fields := map[string]any{
		"model_type": f.ModelType, "hidden_size": f.Hidden, "num_hidden_layers": len(f.Layers), "vocab_size": f.Vocab,
		"num_attention_heads": a.Heads, "num_key_value_heads": a.KVHeads, "head_dim": a.KeyDim,
		"rms_norm_eps": orElse(f.NormEpsilon, 1e-5), "rope_theta": orElse(f.RopeBase, 10000),
		"max_position_embeddings": f.ContextLength, "tie_word_embeddings": f.TiedEmbeddings,
		"intermediate_size": width(f),
	}
	if f.ModelType == "gemma3" { // the text model by itself
		fields["model_type"] = "gemma3_text"
	}
	if (f.ModelType == "llama" || f.ModelType == "mistral") && a.Bias {
		fields["attention_bias"] = true
	}
	experts(f, fields)
	if recurs {
		fields["model_type"] = hybridType(f)
		return fields, hybrid(f, fields)
	}
	return fields, windows(f, fields)
}

func orElse(value, fallback float64) float64 {
	if value == 0 {
		return fallback
	}
	return value
}

// width is intermediate_size: the dense layers' width, or the experts' where no
// layer is dense.
func width(f arch.Facts) int64 {
	for _, layer := range f.Layers {
		if layer.FeedForward != nil && layer.FeedForward.Intermediate > 0 {
			return layer.FeedForward.Intermediate
		}
	}
	if e := f.Layers[0].FeedForward.Experts; e != nil {
		return e.Intermediate
	}
	return 0
}

// windows says which layers slide, in the words of the model type.
func windows(f arch.Facts, fields map[string]any) error {
	var window int64
	types, full := make([]string, len(f.Layers)), 0
	for i, layer := range f.Layers {
		types[i] = "full_attention"
		if layer.Attention.Window > 0 {
			window, types[i] = layer.Attention.Window, "sliding_attention"
		} else {
			full++
		}
	}
	if window == 0 && f.ModelType != "gemma3" && f.ModelType != "gemma3_text" {
		return nil
	}
	fields["sliding_window"] = window
	switch fields["model_type"] {
	case "gemma3_text":
		return period(f, fields)
	case "llama", "mistral", "gpt_oss":
		if full > 0 {
			fields["layer_types"] = types
		}
	}
	return nil
}

// period finds the sliding_window_pattern of gemma3: every so many layers one
// sees everything.
func period(f arch.Facts, fields map[string]any) error {
	pattern := 1
	for pattern <= len(f.Layers) && f.Layers[pattern-1].Attention.Window > 0 {
		pattern++
	}
	for i, layer := range f.Layers {
		if (layer.Attention.Window == 0) != (i%pattern == pattern-1) {
			return fmt.Errorf("%s: layer %d breaks the pattern of one full layer in %d, which gemma3's config.json cannot say", f.Name, i, pattern)
		}
	}
	fields["sliding_window_pattern"] = pattern
	return nil
}

// experts describes a mixture, in the words of the model type.
func experts(f arch.Facts, fields map[string]any) {
	var e *arch.Experts
	dense := []int{}
	for i, layer := range f.Layers {
		if layer.FeedForward != nil && layer.FeedForward.Experts != nil {
			e = layer.FeedForward.Experts
		} else {
			dense = append(dense, i)
		}
	}
	if e == nil {
		return
	}
	fields["num_experts_per_tok"] = e.Used
	switch f.ModelType {
	case "mixtral", "gpt_oss":
		fields["num_local_experts"], fields["intermediate_size"] = e.Count, e.Intermediate
	default:
		fields["num_experts"], fields["moe_intermediate_size"] = e.Count, e.Intermediate
		fields["shared_expert_intermediate_size"] = e.SharedIntermediate
		fields["decoder_sparse_step"], fields["mlp_only_layers"], fields["norm_topk_prob"] = 1, dense, true
	}
}
