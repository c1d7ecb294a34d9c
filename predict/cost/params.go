package cost

import (
	"fmt"
	"slices"

	"assay/predict/arch"
	"assay/predict/tensor"
)

// PartSize is one part of a model.
type PartSize struct {
	Part tensor.Part
	// Params are all parameters, Active those that one token meets.
	Params, Active int64
	// Bytes are the weights as stored.
	Bytes int64
}

// Size is a model's parameters by part; parts that it lacks are left out.
type Size struct {
	Parts []PartSize
	// Params, Active and Bytes are the sums.
	Params, Active, Bytes int64
	// Vectors are the parameters that multiply nothing: norms, biases, scales.
	Vectors int64
}

// SizeOf counts the model's tensors: the file's own, or those that llama.cpp's
// converter would write for a config, with matrices of the type (empty: f16).
// Biases count with what they belong to.
func SizeOf(f arch.Facts, matrices string) (Size, error) {
	table, err := weights(f, matrices)
	if err != nil {
		return Size{}, fmt.Errorf("parameters of %s: %w", f.Name, err)
	}
	var size Size
	byPart := map[tensor.Part]*PartSize{}
	for _, w := range table {
		p, ok := byPart[w.Part]
		if !ok {
			p = &PartSize{Part: w.Part}
			byPart[w.Part] = p
		}
		p.Params += w.Elements()
		p.Active += w.active(f)
		p.Bytes += w.bytes
		if w.Use.Elementwise() {
			size.Vectors += w.Elements()
		}
	}
	for _, part := range tensor.Parts() {
		if p, ok := byPart[part]; ok {
			size.Parts = append(size.Parts, *p)
			size.Params += p.Params
			size.Active += p.Active
			size.Bytes += p.Bytes
		}
	}
	return size, nil
}

// active is the part of the tensor that one token meets. The embedding counts
// whole, as model cards count it.
func (w weight) active(f arch.Facts) int64 {
	switch {
	case w.Use == tensor.Idle, w.Part == tensor.Towers:
		return 0
	case w.Part == tensor.Experts && w.Use != tensor.Unknown: // biases too: the last dimension counts experts
		return w.Elements() / w.Shape[len(w.Shape)-1] * f.Layers[w.layer].FeedForward.Experts.Used
	}
	return w.Elements()
}

// TypeSize is how much of a model is stored as one type.
type TypeSize struct {
	Type          string
	Tensors       int
	Params, Bytes int64
}

// TypesOf is the mix of types in the model's weights, the largest first.
func TypesOf(f arch.Facts, matrices string) ([]TypeSize, error) {
	table, err := weights(f, matrices)
	if err != nil {
		return nil, fmt.Errorf("weight types of %s: %w", f.Name, err)
	}
	var out []TypeSize
	for _, w := range table {
		i := slices.IndexFunc(out, func(t TypeSize) bool { return t.Type == w.Type })
		if i < 0 {
			out = append(out, TypeSize{Type: w.Type})
			i = len(out) - 1
		}
		out[i].Tensors++
		out[i].Params += w.Elements()
		out[i].Bytes += w.bytes
	}
	slices.SortStableFunc(out, func(a, b TypeSize) int { return int(min(1, max(-1, b.Bytes-a.Bytes))) })
	return out, nil
}
