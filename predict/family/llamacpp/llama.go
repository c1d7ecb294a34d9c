package llamacpp

// llamaFamily is src/models/llama.cpp. It takes any hidden size beside an
// explicit head dimension.
var llamaFamily = Family{
	Name:               "llama",
	expertWidthIsDense: true,
	block:              standardBlock,
}
