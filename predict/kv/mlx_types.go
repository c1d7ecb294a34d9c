package kv

import (
	"fmt"
	"strings"

	"assay/predict/arch"
)

// mlxRelease is the release of mlx-lm that the types were read from.
const mlxRelease = "0.31.3"

// mlxType is what a model type of mlx-lm caches: the make_cache of its Model in
// mlx_lm/models, and what its attention appends.
type mlxType struct {
	// chooses: it has a make_cache, which --max-kv-size does not reach.
	chooses bool
	// slides: layers with a window rotate over it. Others keep every token,
	// whatever window they have.
	slides bool
	// slidesBeside: as slides, where some layer has no window. A window on all
	// of them is a sliding_window without layer_types, which is not looked at.
	slidesBeside bool
	// chunkPeriod: all but the last layer of each period attend in chunks.
	chunkPeriod int
	// latent: a layer with MLA caches the compressed row as keys, the rotated
	// part as values. Others cache what they expanded from it, per query head.
	latent bool
	// listed: a layer's caches stand in a list, which kv-bits does not reach.
	listed bool
	// unreadable says why attention fails on a quantised cache.
	unreadable string
	// lacks names what the architecture facts do not tell of it.
	lacks string
}

// mlxGroups are the model types by what they cache.
var mlxGroups = []struct {
	mlxType
	names string
}{
	{mlxType{}, `apertus bailing_moe bitnet cohere dbrx deepseek deepseek_v2 dots1 ernie4_5 ernie4_5_moe exaone
		gemma glm glm4 glm4_moe gpt2 gpt_neox granite granitemoe helium hunyuan_v1_dense internlm2 internlm3 Klear
		lille-130m llama4_text mimo minicpm minicpm3 minimax mistral3 mixtral nanochat nemotron olmo olmo2 olmoe phi3
		phi3small phimoe phixtral pixtral qwen qwen2 qwen2_moe qwen2_vl qwen3 qwen3_moe qwen3_vl qwen3_vl_moe seed_oss
		smollm3 solar_open starcoder2 telechat3 youtu_llm`},
	{mlxType{unreadable: "its own attention does not read a quantised cache"}, "gemma2 phi stablelm"},
	{mlxType{latent: true, unreadable: "attention over a latent does not read a quantised cache"},
		"deepseek_v3 glm4_moe_lite kimi_k25 kimi_vl"},
	{mlxType{chooses: true, slides: true},
		"cohere2 exaone4 gemma3 gemma3_text gemma3n gemma4 gemma4_text olmo3"},
	{mlxType{chooses: true, slides: true, unreadable: "attention with sinks does not read a quantised cache"}, "gpt_oss"},
	{mlxType{chooses: true, slidesBeside: true}, "llama ministral3"},
	{mlxType{chooses: true, chunkPeriod: 4}, "llama4"},
	{mlxType{chooses: true}, "granitemoehybrid jamba lfm2 lfm2-vl lfm2_moe mamba mamba2 nemotron_h qwen3_5 qwen3_5_moe qwen3_next"},
	{mlxType{chooses: true, listed: true}, "falcon_h1"},
	{mlxType{lacks: "the heads of each layer"}, "openelm nemotron-nas"},
	{mlxType{lacks: "the layers that reuse others' keys"}, "afm7"},
	{mlxType{lacks: "the convolutions over keys and values"}, "baichuan_m1"},
	{mlxType{lacks: "its linear attention"}, "bailing_moe_linear kimi_linear rwkv7"},
	{mlxType{lacks: "its recurrent layers"}, "plamo2 recurrent_gemma"},
	{mlxType{lacks: "the keys of its indexer"}, "deepseek_v32 glm_moe_dsa"},
	{mlxType{lacks: "how many heads share keys"}, "gpt_bigcode plamo"},
	{mlxType{lacks: "the layers that share keys"}, "hunyuan"},
	{mlxType{lacks: "the second cache of each layer"}, "iquestloopcoder longcat_flash longcat_flash_ngram"},
	{mlxType{lacks: "which layers have a window"}, "afmoe exaone_moe mimo_v2_flash step3p5"},
}

// mlxTypes are the same by name. mlx-lm runs some model types as others
// (MODEL_REMAPPING, mlx_lm/utils.py).
var (
	mlxTypes    = mlxByName()
	mlxRemapped = map[string]string{
		"mistral": "llama", "llava": "mistral3", "phi-msft": "phixtral", "falcon_mamba": "mamba",
		"joyai_llm_flash": "deepseek_v3", "kimi_k2": "deepseek_v3", "qwen2_5_vl": "qwen2_vl", "minimax_m2": "minimax",
		"iquestcoder": "llama",
	}
)

func mlxByName() map[string]mlxType {
	out := map[string]mlxType{}
	for _, group := range mlxGroups {
		for _, name := range strings.Fields(group.names) {
			out[name] = group.mlxType
		}
	}
	return out
}

// mlxTypeOf is the type that mlx-lm loads a model as: the outer one of a
// multimodal configuration.
func mlxTypeOf(f arch.Facts) (mlxType, error) {
	name := f.ModelType
	if f.Wrapper != "" {
		name = f.Wrapper
	}
	if other, ok := mlxRemapped[name]; ok {
		name = other
	}
	t, ok := mlxTypes[name]
	switch {
	case name == "":
		return t, fmt.Errorf("no model_type is known, by which mlx-lm chooses its caches; add one (llama, if it has Llama's layers)")
	case !ok:
		return t, fmt.Errorf("mlx-lm %s has no model type %s, so it cannot run the model", mlxRelease, name)
	case t.lacks != "":
		return t, fmt.Errorf("of model type %s the facts do not tell %s", name, t.lacks)
	}
	return t, nil
}

// MLXBounds reports whether MaxKVSize makes a difference to the model.
func MLXBounds(f arch.Facts) bool {
	t, err := mlxTypeOf(f)
	return err == nil && !t.chooses
}
