package cost

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay/predict/arch"
	family "assay/predict/family/mlx"
	"assay/predict/tensor"
)

// MLXWeightBytes is what the model's weights take as mlx-lm loads them: as its
// folder stores them, or as a skeleton of the type would (f16 where it is
// empty). Of a model type that cannot be run, they are what its headers say. The
// error wraps ErrNoRule where there is neither.
func MLXWeightBytes(f arch.Facts, typ string) (int64, error) {
	table, err := mlxWeights(f, typ)
	if stored := mlxStored(f); err != nil && errors.Is(err, ErrNoRule) && stored != nil {
		table, err = stored, nil
	}
	if err != nil {
		return 0, fmt.Errorf("weights of %s: %w", f.Name, err)
	}
	var sum int64
	for _, w := range table {
		sum += w.bytes
	}
	return sum, nil
}

// MLXRoughBytes is what the weights take of a model type whose tensors in mlx-lm
// are not known, by llama.cpp's layout.
func MLXRoughBytes(f arch.Facts, typ string) (int64, error) {
	table, err := mlxConfigWeights(f, typ)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, w := range table {
		sum += w.bytes
	}
	return sum, nil
}

// mlxWeights lists what a model consists of: the tensors of its folder, or, of a
// model type that is known so well, those of its facts.
func mlxWeights(f arch.Facts, typ string) ([]mlxWeight, error) {
	known, err := family.Of(f)
	if err != nil || known.Pass == nil {
		return nil, fmt.Errorf("%w for model type %q in mlx-lm", ErrNoRule, f.ModelType)
	}
	if table, ok, err := mlxTableOf(f, known); ok {
		return table, err
	}
	if known.Pass.Tensors != nil {
		return mlxListed(f, known, typ)
	}
	if !known.Pass.Config {
		return nil, fmt.Errorf("%w for model type %q in mlx-lm without a folder whose headers tell what it consists of", ErrNoRule, f.ModelType)
	}
	return mlxConfigWeights(f, typ)
}

// mlxStored are the tensors in the headers of a model type that no family runs: all
// but those of parts that see, hear or draft.
func mlxStored(f arch.Facts) []mlxWeight {
	if known, err := family.Of(f); err != nil || known.Pass != nil {
		return nil
	}
	rows, ok, err := mlxTableOf(f, family.Family{Pass: &family.Pass{}})
	if !ok || err != nil {
		return nil
	}
	return rows
}

// mlxListed lists what a model consists of by its facts, with mlx-lm's names.
func mlxListed(f arch.Facts, known family.Family, typ string) ([]mlxWeight, error) {
	schemes, err := mlxSchemesOf(f, typ)
	if err != nil {
		return nil, err
	}
	t := &mlxTable{facts: f, known: known, experts: map[string]int{}}
	for _, listed := range known.Pass.Tensors(f, known.Pass.OwnHead) {
		t.take(listed.Tensor)
		w := &t.rows[len(t.rows)-1]
		scheme := schemes.named(listed.Name)
		if scheme.experts != nil && w.use == mlxRouted {
			scheme = *scheme.experts
		}
		scheme.pack(&w.weight, !listed.Bare)
	}
	return t.rows, t.complete()
}

// mlxConfigWeights lists what a model consists of by its facts, with llama.cpp's
// names and shapes.
func mlxConfigWeights(f arch.Facts, typ string) ([]mlxWeight, error) {
	logical := f
	logical.Tensors = nil
	rows, err := weights(logical, "")
	if err != nil {
		return nil, err
	}
	known, _ := family.Of(f)
	if f.TiedEmbeddings && (known.Pass == nil || !known.Pass.OwnHead) {
		rows = slices.DeleteFunc(rows, func(w weight) bool { return w.Use == tensor.Output })
	}
	if rows, err = mlxSettle(f, rows, typ); err != nil {
		return nil, err
	}
	table := make([]mlxWeight, len(rows))
	for i, w := range rows {
		_, kind := splitName(w.Name)
		if strings.HasPrefix(kind, "output") {
			w.layer = len(f.Layers) // behind them all
		}
		table[i] = mlxWeight{weight: w, use: mlxUses[w.Use], feedsCache: w.layer < 0 || feedsCache(kind)}
		if w.layer >= known.Layers(f) && w.layer < len(f.Layers) {
			table[i].use = mlxIdle
		}
	}
	return table, nil
}

// mlxUses are the catalogue's uses in mlx-lm's graphs.
var mlxUses = map[tensor.Use]mlxUse{
	tensor.Lookup: mlxLookup, tensor.Product: mlxProduct, tensor.Keys: mlxProduct, tensor.Output: mlxHead,
	tensor.Routed: mlxRouted, tensor.Dispatched: mlxRouted, tensor.Idle: mlxIdle,
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
	if slices.ContainsFunc(table, func(w mlxWeight) bool { return w.use == mlxHead }) {
		return nil
	}
	at := slices.IndexFunc(table, func(w mlxWeight) bool { return w.use == mlxLookup })
	if at < 0 {
		return nil
	}
	head := table[at]
	head.use, head.layer, head.feedsCache = mlxHead, len(f.Layers), false
	return []mlxWeight{head}
}
