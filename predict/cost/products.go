package cost

import (
	"fmt"
	"slices"

	"assay/predict/arch"
	"assay/predict/tensor"
)

// Product is a matrix that the graphs multiply with.
type Product struct {
	arch.Tensor
	// Routed: the product is with chosen experts' matrices (MUL_MAT_ID).
	Routed bool
}

// Products are the matrices that meet tokens in products, each once, a tied head
// among them.
func Products(f arch.Facts, matrices string) ([]Product, error) {
	table, err := weights(f, matrices)
	if err != nil {
		return nil, fmt.Errorf("products of %s: %w", f.Name, err)
	}
	tied := !slices.ContainsFunc(table, func(w weight) bool { return w.Use == tensor.Output })
	var out []Product
	for _, w := range table {
		switch {
		case w.Use == tensor.Lookup && w.Name == tokenEmbedding && tied, w.Use >= tensor.Product &&
			w.Use <= tensor.Mixing, w.Use == tensor.Output:
			out = append(out, Product{w.Tensor, false})
		case w.Use == tensor.Routed, w.Use == tensor.Dispatched:
			out = append(out, Product{w.Tensor, true})
		}
	}
	return out, nil
}
