package kv

import (
	"maps"
	"slices"
)

// MLXModelTypes are the model types that a rule knows, as mlx-lm names them.
func MLXModelTypes() []string {
	return slices.Concat(slices.Collect(maps.Keys(mlxTypes)), slices.Collect(maps.Keys(mlxRemapped)))
}
