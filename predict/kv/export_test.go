package kv

import family "assay/predict/family/mlx"

// MLXModelTypes are the model types that a rule knows, as mlx-lm names them.
func MLXModelTypes() []string { return family.Types() }
