package runtimes

import (
	"path/filepath"
	"slices"
	"strings"

	"assay/harness/llamacpp"
	"assay/harness/mlx"
)

// FormatOf names the one runtime that runs files of the model's format, or is
// empty for what every runtime can stand a skeleton in for.
func FormatOf(ref string) string {
	if strings.EqualFold(filepath.Ext(ref), ".gguf") || strings.HasPrefix(ref, "ollama:") {
		return llamacpp.Name
	}
	if weights, _ := filepath.Glob(filepath.Join(ref, "*.safetensors")); len(weights) > 0 {
		return mlx.Name
	}
	return ""
}

// For names the runtime that one looks at where none is asked for:
// llama.cpp, unless every model is a folder of safetensors, which is mlx's.
func For(refs ...string) string {
	if slices.ContainsFunc(refs, func(ref string) bool { return FormatOf(ref) != mlx.Name }) {
		return llamacpp.Name
	}
	return mlx.Name
}
