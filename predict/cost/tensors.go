package cost

import (
	"fmt"
	"slices"
	"strings"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/tensor"
)

// weight is one tensor with all that its cost depends on.
type weight struct {
	arch.Tensor
	tensor.Row
	// layer is the block it belongs to, or -1.
	layer int
	bytes int64
}

// rowBytes is the size of one row of the first dimension.
func (w weight) rowBytes() int64 { return w.bytes / max(1, w.Elements()/w.Shape[0]) }

// nodes is how many nodes of a graph the tensor makes, where that is known.
func (w weight) nodes() (nodes int64, known bool) {
	switch w.Use {
	case tensor.Idle, tensor.Operand:
		return 0, true
	case tensor.Norm, tensor.KeyNorm:
		return 2, true
	case tensor.Twice, tensor.Mixing, tensor.Vector, tensor.Unknown:
		return 0, false
	}
	return 1, true
}

// tokenEmbedding is in every model, and outputNorm in nearly every one.
const (
	tokenEmbedding = "token_embd.weight"
	outputNorm     = "output_norm.weight"
)

// weights is the model's table in llama.cpp's naming: the file's own, or what
// llama.cpp's converter would write for the config; the error wraps ErrNoRule
// where the layout is not known.
func weights(f arch.Facts, matrices string) ([]weight, error) {
	tensors := f.Tensors
	if !slices.ContainsFunc(tensors, func(t arch.Tensor) bool { return t.Name == tokenEmbedding }) {
		var err error
		if tensors, err = family.Tensors(f, family.TypePlan{Matrices: matrices}); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoRule, err)
		}
	}
	out := make([]weight, 0, len(tensors))
	for _, t := range tensors {
		w, err := newWeight(t, f)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		out = append(out, w)
	}
	return out, nil
}

func newWeight(t arch.Tensor, f arch.Facts) (weight, error) {
	p := tensor.PlaceOf(t.Name)
	w := weight{Tensor: t, layer: p.Block}
	typ, err := gguf.ParseType(t.Type)
	if err != nil {
		return w, err
	}
	if len(t.Shape) == 0 || slices.Min(t.Shape) <= 0 {
		return w, fmt.Errorf("the shape %v is empty", t.Shape)
	}
	row, err := typ.RowBytes(t.Shape[0])
	if err != nil {
		return w, err
	}
	w.bytes = row * (t.Elements() / t.Shape[0])
	switch {
	case p.Tower != "":
		w.layer, w.Row = -1, tensor.Row{Part: tensor.Towers, Use: tensor.Unknown}
	case w.layer >= len(f.Layers):
		// Blocks beyond the model's own predict further tokens for a draft.
		w.Row = tensor.Row{Part: tensor.Draft, Use: tensor.Idle}
	default:
		w.Row = rowOf(p, t)
		w.adapt(f)
	}
	if !w.fits(f) {
		w.Use = tensor.Unknown
	}
	return w, nil
}

// adapt takes on what the family does otherwise than all others.
func (w *weight) adapt(f arch.Facts) {
	fam, _ := family.Of(f.Family)
	switch {
	case fam.RouterFirst && w.Part == tensor.Router, fam.PicksNormed && w.Kind == "post_attention_norm":
		w.Tail = false
	case w.Kind == "token_embd_norm" && slices.ContainsFunc(f.Tensors, func(t arch.Tensor) bool { return t.Name == outputNorm }):
		w.Tail = false
	case fam.WeighsInput && w.Use == tensor.Dispatched:
		w.Use = tensor.Routed
	case fam.Interleaved && w.ofExperts() && w.layer >= 0 && !hasExperts(f.Layers[w.layer]):
		w.Use = tensor.Idle
	case fam.DropsBare && w.Kind == "attn_output" && w.layer >= 0 && f.Layers[w.layer].FeedForward == nil:
		w.Use = tensor.Idle
	}
}

func (w weight) ofExperts() bool {
	return w.Part == tensor.Router || w.Part == tensor.Experts || w.Part == tensor.SharedExperts
}

func hasExperts(l arch.Layer) bool { return l.FeedForward != nil && l.FeedForward.Experts != nil }

// fits says whether the layer has what the tensor is a part of.
func (w weight) fits(f arch.Facts) bool {
	switch {
	case !w.Use.OfExperts() && !w.Use.OfKeys():
		return true
	case w.layer < 0:
		return false
	case w.Use.OfExperts():
		return hasExperts(f.Layers[w.layer])
	}
	return f.Layers[w.layer].Attention != nil || f.Layers[w.layer].Recurrent != nil
}

// rowOf finds the tensor in the catalogue: by name; a bias belongs to what it is
// added to, a vector of no known name is a norm. What a matrix of no known name
// is multiplied with is not known.
func rowOf(p tensor.Place, t arch.Tensor) tensor.Row {
	r, known := tensor.Of(p.Stem)
	switch {
	case known && p.Suffix == tensor.Bias && r.Use.OfExperts():
		r.Use = tensor.RoutedRead
	case known && p.Suffix == tensor.Bias:
		r.Use = tensor.Read
	case known:
	case len(t.Shape) == 1 && strings.HasSuffix(p.Stem, "_norm"):
		r = tensor.Row{Part: tensor.Norms, Use: tensor.Norm}
	case len(t.Shape) == 1:
		r = tensor.Row{Part: tensor.Norms, Use: tensor.Vector}
	default:
		r = tensor.Row{Part: tensor.Others, Use: tensor.Unknown}
	}
	return r
}

// Unknown says which matrices of a GGUF's table nothing is known of, for which no
// work is predicted; nil where there are none.
func Unknown(f arch.Facts) error {
	if !slices.ContainsFunc(f.Tensors, func(t arch.Tensor) bool { return t.Name == tokenEmbedding }) {
		return nil
	}
	table, err := weights(f, "")
	if err != nil {
		return err
	}
	return unknown(table)
}

// unknown names the matrices that no rule knows what they are multiplied with;
// the error wraps ErrNoRule, and is nil where there are none.
func unknown(table []weight) error {
	var names []string
	for _, w := range table {
		if name := tensor.Pattern(w.Name); w.Use == tensor.Unknown && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%w: nothing says what %s is multiplied with", ErrNoRule, strings.Join(names, ", "))
}
