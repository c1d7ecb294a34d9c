package cost

import (
	"fmt"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/tensor"
)

// BytesAs is what the model's weights take when all its matrices are stored as
// the type, as `llama-quantize --pure` stores them: vectors, routers and what a
// scan reads keep theirs, and a matrix whose rows are no whole blocks falls back.
func BytesAs(f arch.Facts, typ string) (int64, error) {
	target, err := gguf.ParseType(typ)
	if err != nil {
		return 0, fmt.Errorf("weights of %s as %s: %w", f.Name, typ, err)
	}
	table, err := weights(f, "")
	if err != nil {
		return 0, fmt.Errorf("weights of %s as %s: %w", f.Name, typ, err)
	}
	var sum int64
	for _, w := range table {
		if w.Use.Elementwise() || w.Part == tensor.Router || len(w.Shape) < 2 {
			sum += w.bytes
			continue
		}
		row, err := family.Fallback(target, w.Shape[0]).RowBytes(w.Shape[0])
		if err != nil {
			return 0, fmt.Errorf("weights of %s as %s: tensor %s: %w", f.Name, typ, w.Name, err)
		}
		sum += row * (w.Elements() / w.Shape[0])
	}
	return sum, nil
}
