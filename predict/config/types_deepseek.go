package config

// mlaTypes: multi-head latent attention (DeepSeek-V2, arXiv 2405.04434).
var mlaTypes = []ModelType{
	{Name: "deepseek_v2", Family: "deepseek2", Weighed: true},
	{Name: "deepseek_v3", Family: "deepseek2", routerBias: true, Weighed: true},
	{Name: "deepseek_v32", Family: "deepseek32", routerBias: true, Weighed: true},
	{Name: "glm4_moe_lite", Family: "deepseek2", routerBias: true, Weighed: true},
}
