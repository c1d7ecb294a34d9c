package cost

import (
	"fmt"
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/tensor"
)

// mlxModels are the model types whose forward pass is known to multiply no
// matrices but those of the roles and attention's (mlx_lm/models, 0.31.3).
var mlxModels = []string{
	"gemma2", "gemma3", "gemma3_text", "gpt_oss", "llama", "mistral", "mixtral", "phi3",
	"qwen2", "qwen2_moe", "qwen3", "qwen3_moe",
}

// mlxWeight is a tensor as mlx-lm holds it: packed words with their scales and
// biases are one.
type mlxWeight struct {
	weight
	// feedsCache: keys or values come out of it, so that a chunk of a prompt
	// needs it in the last layer too.
	feedsCache bool
}

// MLXWeightBytes is what the model's weights take as mlx-lm loads them: as its
// folder stores them, or as a skeleton of the type would (f16 where it is
// empty). The error wraps ErrNoRule for a model type that is not known.
func MLXWeightBytes(f arch.Facts, typ string) (int64, error) {
	table, err := mlxWeights(f, typ)
	if err != nil {
		return 0, fmt.Errorf("weights of %s: %w", f.Name, err)
	}
	var sum int64
	for _, w := range table {
		sum += w.bytes
	}
	return sum, nil
}

// mlxWeights lists what a model consists of, with llama.cpp's names and shapes.
func mlxWeights(f arch.Facts, typ string) ([]mlxWeight, error) {
	if !slices.Contains(mlxModels, f.ModelType) {
		return nil, fmt.Errorf("%w for model type %q in mlx-lm", ErrNoRule, f.ModelType)
	}
	logical := f
	logical.Tensors = nil
	rows, err := weights(logical, "")
	if err != nil {
		return nil, err
	}
	if f.TiedEmbeddings {
		rows = slices.DeleteFunc(rows, func(w weight) bool { return w.Use == tensor.Output })
	}
	if stored := mlxFolderOf(f); stored != nil {
		rows, err = stored.settle(rows)
	} else {
		rows, err = mlxSettle(f, rows, typ)
	}
	if err != nil {
		return nil, err
	}
	table := make([]mlxWeight, len(rows))
	for i, w := range rows {
		_, kind := splitName(w.Name)
		if strings.HasPrefix(kind, "output") {
			w.layer = len(f.Layers) // behind them all
		}
		table[i] = mlxWeight{weight: w, feedsCache: feedsCache(kind)}
	}
	return table, nil
}

// splitName cuts "blk.3.attn_q.weight" into "blk.3." and "attn_q".
func splitName(name string) (block, kind string) {
	kind = strings.TrimSuffix(strings.TrimSuffix(name, ".weight"), ".bias")
	if rest, ok := strings.CutPrefix(kind, "blk."); ok {
		number, rest, _ := strings.Cut(rest, ".")
		return "blk." + number + ".", rest
	}
	return "", kind
}

// feedsCache says whether keys or values depend on tensors of the kind.
func feedsCache(kind string) bool {
	return slices.ContainsFunc([]string{"attn_norm", "attn_k", "attn_v", "attn_qkv"}, func(p string) bool {
		return strings.HasPrefix(kind, p)
	})
}

// tied are the head's products where the model has no tensor for it: those with
// the embedding. Its bytes are touched again, but there once.
func tied(f arch.Facts, table []mlxWeight) []mlxWeight {
	if slices.ContainsFunc(table, func(w mlxWeight) bool { return w.Use == tensor.Output }) {
		return nil
	}
	at := slices.IndexFunc(table, func(w mlxWeight) bool { return w.Name == tokenEmbedding })
	head := table[at]
	head.Use, head.layer = tensor.Output, len(f.Layers)
	return []mlxWeight{head}
}
