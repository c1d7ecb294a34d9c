package config

// mlxTypes are model types whose layout in a GGUF is not known here, and that
// mlx-lm runs.
var mlxTypes = []ModelType{
	{Name: "minimax", qkNorm: true, routerBias: true, names: map[string][]string{"experts.intermediate": {"intermediate_size"}}},
	{Name: "minimax_m2", Family: "minimax-m2", qkNorm: true, routerBias: true,
		names: map[string][]string{"experts.intermediate": {"intermediate_size"}}},
	{Name: "olmo3", Family: "olmo2", qkNorm: true, Defaults: map[string]any{"sliding_window_pattern": 4}},
}
