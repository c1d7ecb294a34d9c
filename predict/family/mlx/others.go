package mlx

import "strings"

// others are the modules whose forward pass is not known, by what they cache.
var others = []struct {
	Cache
	modules string
}{
	{Cache{}, `apertus bailing_moe bitnet cohere dbrx deepseek deepseek_v2 dots1 ernie4_5 ernie4_5_moe exaone
		gemma glm glm4 gpt2 gpt_neox gptj granite granitemoe helium hunyuan_v1_dense internlm2 internlm3 Klear
		lille-130m llama4_text mimo minicpm minicpm3 nanochat nemotron olmo olmo2 olmoe
		phi3small phimoe phixtral pixtral qwen qwen2_vl qwen3_vl qwen3_vl_moe solar_open starcoder2 talkie telechat3 youtu_llm`},
	{Cache{Unreadable: "its own attention does not read a quantised cache"}, "phi stablelm"},
	{Cache{Latent: true, Unreadable: "attention over a latent does not read a quantised cache"}, "kimi_k25 kimi_vl mistral4"},
	{Cache{Chooses: true}, "nemotron-nas jamba lfm2-vl mamba mamba2"},
	{Cache{Chooses: true, Listed: true}, "falcon_h1"},
	{Cache{Lacks: "the heads of each layer"}, "openelm"},
	{Cache{Lacks: "the layers that reuse others' keys"}, "afm7"},
	{Cache{Lacks: "the convolutions over keys and values"}, "baichuan_m1"},
	{Cache{Lacks: "its linear attention"}, "bailing_hybrid bailing_moe_linear bailing_moe_v3 kimi_k3 kimi_linear olmo_hybrid rwkv7"},
	{Cache{Lacks: "its recurrent layers"}, "plamo2 recurrent_gemma"},
	{Cache{Lacks: "its convolutions between attention"}, "gear"},
	{Cache{Lacks: "the keys of its indexer"}, "deepseek_v32 glm_moe_dsa minimax_m3_vl"},
	{Cache{Lacks: "its compressed groups of tokens"}, "deepseek_v41"},
	{Cache{Lacks: "how many heads share keys"}, "gpt_bigcode plamo"},
	{Cache{Lacks: "the layers that share keys"}, "hunyuan"},
	{Cache{Lacks: "the second cache of each layer"}, "iquestloopcoder longcat_flash longcat_flash_ngram"},
	{Cache{Lacks: "how often its layers are gone through"}, "nanbeige"},
	{Cache{Lacks: "its rotated weights"}, "prism_hadamard_qwen35"},
	{Cache{Lacks: "which layers have a window"},
		"afmoe exaone_moe laguna mellum mimo_v2_flash muse_glimmer muse_spark plamo3 spark2_5 step3p5"},
}

// alsoOthers are model types that run as modules of others.
var alsoOthers = map[string][]string{
	"phixtral": {"phi-msft"}, "mamba": {"falcon_mamba"}, "qwen2_vl": {"qwen2_5_vl"}, "deepseek_v41": {"deepseek_v41_text"},
}

func init() {
	for _, group := range others {
		for _, module := range strings.Fields(group.modules) {
			register(Family{Module: module, Also: alsoOthers[module], Cache: group.Cache})
		}
	}
}
