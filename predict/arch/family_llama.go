package arch

// llamaTypes: Llama 1 to 3 and the models that share its blocks.
var llamaTypes = []modelType{
	{name: "llama", family: "llama"},
	{name: "mistral", family: "llama", defaults: map[string]any{"sliding_window": 4096}},
	{name: "mixtral", family: "llama", names: map[string][]string{"experts.intermediate": {"intermediate_size"}}},
}

// llamaFamily is src/models/llama.cpp. It takes any hidden size beside an
// explicit head dimension.
var llamaFamily = family{
	name:               "llama",
	expertWidthIsDense: true,
	block:              standardBlock,
}
