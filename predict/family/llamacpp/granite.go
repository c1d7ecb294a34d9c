package llamacpp

// src/models/granite.cpp multiplies by constants of the file.
var _ = register(&Family{
	Name: "granite", Scaled: true, expertWidthIsDense: true,
	keys: append([]key{logitScale}, scaleKeys...), block: standardBlock,
	Graph: &Graph{Queries: ropeOn, Activation: 1, Router: 4, Normed: true, Picks: 2},
})
