package llamacpp

import (
	"slices"
)

// gemmaFamily is src/models/gemma.cpp; gemma2 and gemma3 (gemma2.cpp,
// gemma3.cpp) add norms behind attention and feed-forward.
var (
	gemmaFamily  = Family{Name: "gemma", tied: true, block: standardBlock}
	gemma2Family = Family{Name: "gemma2", tied: true, WindowPeriod: 2, Defaults: map[string]any{"attention.sliding_window": 4096}, block: slices.Concat(standardBlock, postNorms)}
	gemma3Family = Family{Name: "gemma3", WindowPeriod: 6, block: slices.Concat(standardBlock, postNorms)}
)
