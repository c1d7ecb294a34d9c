package cost

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/predict/arch"
	family "assay/predict/family/mlx"
	"assay/predict/kv"
	"assay/predict/tensor"
)

// mlxWeight is a tensor as mlx-lm holds it: packed words with their scales and
// biases are one.
type mlxWeight struct {
	weight
	use mlxUse
	// feedsCache: keys or values come out of it, so that a chunk of a prompt
	// needs it in the last layer too.
	feedsCache bool
}

// mlxUse is how a tensor of mlx-lm's models meets the tokens.
type mlxUse int

const (
	mlxRead    mlxUse = iota // elementwise
	mlxLookup                // a row a token
	mlxProduct               // every token
	mlxTwice                 // every token, once to predict the streams and once to correct them (gemma3n)
	mlxMixing                // every token, and what comes out multiplies all streams of hidden states
	mlxConv                  // every token, over as many before it
	mlxRouted                // the experts that a token chose
	mlxLatent                // one token: itself; several: all that the cache holds (mla.py)
	mlxHead                  // the tokens whose logits are asked for
	mlxIdle                  // none
)

// mlxTable is what a model's folder holds of what mlx-lm loads: matrices whole,
// packed words with scales and biases as one, single experts joined.
type mlxTable struct {
	facts arch.Facts
	known family.Family
	rows  []mlxWeight
	// experts are the rows of single experts by their stem.
	experts map[string]int
}

// mlxTableOf lists the tensors of the facts' folder; ok is false where they are
// not those of one.
func mlxTableOf(f arch.Facts, known family.Family) (rows []mlxWeight, ok bool, err error) {
	t := &mlxTable{facts: f, known: known, experts: map[string]int{}}
	embedded := slices.ContainsFunc(f.Tensors, func(t arch.Tensor) bool { return mlxLookups.MatchString(tensor.PlaceOf(t.Name).Stem) })
	if !embedded || slices.ContainsFunc(f.Tensors, func(t arch.Tensor) bool { return t.Name == tokenEmbedding }) {
		return nil, false, nil
	}
	for _, stored := range f.Tensors {
		if foreign := tensor.PlaceOf(stored.Name).Stem; mlxForeign.MatchString(foreign) {
			return nil, true, fmt.Errorf("%w for weights packed as in %s", ErrNoRule, stored.Name)
		}
		t.take(stored)
	}
	return t.rows, true, t.complete()
}

// complete refuses a folder that lacks a layer or the head, or whose packed rows
// are of other groups than config.json names: mlx-lm believes the shapes.
func (t *mlxTable) complete() error {
	for _, w := range t.rows {
		if w.stem() == "embed_tokens" && w.Shape[0] != t.facts.Hidden {
			return fmt.Errorf("%w: the embedding is %d wide by the groups that config.json names, and %d by hidden_size", ErrNoRule,
				w.Shape[0], t.facts.Hidden)
		}
	}
	has := func(is func(w mlxWeight) bool) bool { return slices.ContainsFunc(t.rows, is) }
	for i := range t.facts.Layers {
		if !has(func(w mlxWeight) bool { return w.layer == i && w.use != mlxRead }) {
			return fmt.Errorf("the folder has no matrix for layer %d, which the facts have", i)
		}
	}
	if !t.facts.TiedEmbeddings && !has(func(w mlxWeight) bool { return w.use == mlxHead }) {
		return fmt.Errorf("the folder has no tensor for lm_head, and the facts tell of no tied embeddings")
	}
	return nil
}

// take adds a tensor, unless mlx-lm leaves it out.
func (t *mlxTable) take(stored arch.Tensor) {
	p := tensor.PlaceOf(stored.Name)
	if p.Tower != "" || p.Draft || p.Block >= len(t.facts.Layers) || strings.HasSuffix(p.Stem, "rotary_emb.inv_freq") {
		return
	}
	if p.Stem == "lm_head" && t.facts.TiedEmbeddings && !t.known.Pass.OwnHead {
		return
	}
	w := mlxWeight{weight: weight{Tensor: stored, layer: p.Block, bytes: stored.Bytes()}, feedsCache: mlxFeeds.MatchString(p.Stem)}
	w.Type = mlxTypeOf(stored.Type)
	if w.use = t.useOf(p, stored.Shape); p.Block >= t.known.Layers(t.facts) {
		w.use = mlxIdle
	}
	if p.Block < 0 {
		w.feedsCache = mlxFirst.MatchString(p.Stem)
		if !w.feedsCache {
			w.layer = len(t.facts.Layers) // behind them all
		}
	}
	if !strings.Contains(p.Stem, ".experts.N.") {
		t.rows = append(t.rows, w)
		return
	}
	key := fmt.Sprintf("%d.%s.%d", p.Block, p.Stem, p.Suffix)
	if at, seen := t.experts[key]; seen {
		joined := &t.rows[at]
		joined.bytes += w.bytes
		joined.Shape[len(joined.Shape)-1]++
		return
	}
	t.experts[key] = len(t.rows)
	w.Shape, w.use = append(slices.Clone(w.Shape), 1), mlxRouted
	t.rows = append(t.rows, w)
}

// useOf is how the tensor is used, by its name's stem and its shape.
func (t *mlxTable) useOf(p tensor.Place, shape []int64) mlxUse {
	switch {
	case p.Suffix == tensor.Bias, len(shape) < 2:
		return mlxRead
	case mlxLookups.MatchString(p.Stem):
		return mlxLookup
	case p.Stem == "lm_head":
		return mlxHead
	case mlxConvs.MatchString(p.Stem):
		return mlxConv
	case mlxLatents.MatchString(p.Stem):
		return mlxLatent
	case p.Stem == "altup.modality_router":
		return mlxTwice
	case p.Stem == "altup.prediction_coefs":
		return mlxMixing
	case t.idle(p):
		return mlxIdle
	case len(shape) > 2:
		return mlxRouted
	}
	return mlxProduct
}

// idle: a layer that reads another's cache may still store what makes keys and
// values (gemma3n).
func (t *mlxTable) idle(p tensor.Place) bool {
	if p.Block < 0 {
		return false
	}
	a := t.facts.Layers[p.Block].Attention
	return a != nil && a.SharedFrom != nil && mlxKeys.MatchString(p.Stem)
}

// Stems of mlx-lm's models, by what they are: rows looked up, convolutions over
// time, matrices between a latent and heads, keys and values; what comes first in
// the model; and, within a layer, what a cache is made of.
var (
	mlxLookups = regexp.MustCompile(`^(embed_tokens|embeddings|wte|embed_tokens_per_layer)$`)
	mlxConvs   = regexp.MustCompile(`^(linear_attn\.conv1d|(mamba|mixer)\.conv1d|conv\.conv)$`)
	mlxLatents = regexp.MustCompile(`^self_attn\.(embed_q|unembed_out)$`)
	mlxKeys    = regexp.MustCompile(`^self_attn\.(k_proj|v_proj|k_norm)$`)
	mlxForeign = regexp.MustCompile(`(\.qweight|_blocks)$`)
	mlxFirst   = regexp.MustCompile(`^(embed|wte|per_layer_|altup_projections)`)
	mlxFeeds   = regexp.MustCompile(`^(` + strings.Join([]string{
		`input_layernorm|operator_norm|norm`,
		`(self_attn|mixer)\.(k_proj|v_proj|qkv_proj|k_norm|k_layernorm|kv_a_proj_with_mqa|kv_a_layernorm)`,
		`linear_attn\.(in_proj_(qkvz?|ba|a|b)|conv1d|A_log|dt_bias)`,
		`(mamba|mixer)\.(in_proj|conv1d|A_log|dt_bias)`,
		`conv\.in_proj`, // a short convolution keeps its input, not what comes out
		`altup\.(modality_router|router_norm|prediction_coefs)`,
	}, "|") + `)$`)
)

// mlxTypeOf names a packing as skeletons of it are named: affine-4g64 is 4bit.
func mlxTypeOf(typ string) string {
	var bits, group int
	if n, _ := fmt.Sscanf(typ, "affine-%dg%d", &bits, &group); n == 2 {
		return kv.MLXTypeName(bits, group)
	}
	return typ
}

// stem is the tensor's name within its layer.
func (w mlxWeight) stem() string { return tensor.PlaceOf(w.Name).Stem }
