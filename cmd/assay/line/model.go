package line

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OneModel is the single model that a command is about.
func OneModel(name string, args []string) (string, error) {
	if len(args) != 1 {
		return "", Usagef("%s takes one model, such as preset:llama-3.1-8b or a .gguf; see 'assay %s --help'", name, name)
	}
	return args[0], nil
}

// IsModel reports whether the word can only be a model, where a suite is looked for.
func IsModel(word string) bool {
	if scheme, _, ok := strings.Cut(word, ":"); ok && slices.Contains([]string{"preset", "hf", "ollama"}, scheme) {
		return true
	}
	info, err := os.Stat(word)
	return strings.EqualFold(filepath.Ext(word), ".gguf") || err == nil && info.IsDir()
}
