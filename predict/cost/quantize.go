package cost

import (
	"fmt"

	"assay/predict/arch"
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
		row, err := fallback(target, w.Shape[0]).RowBytes(w.Shape[0])
		if err != nil {
			return 0, fmt.Errorf("weights of %s as %s: tensor %s: %w", f.Name, typ, w.Name, err)
		}
		sum += row * (w.Elements() / w.Shape[0])
	}
	return sum, nil
}

// smallerBlocks are the types that stand in for those with blocks of 256
// (tensor_type_fallback, src/llama-quant.cpp of llama.cpp v0.5.0).
var smallerBlocks = map[gguf.Type]gguf.Type{
	gguf.IQ1_S: gguf.IQ4_NL, gguf.IQ1_M: gguf.IQ4_NL, gguf.IQ2_XXS: gguf.IQ4_NL, gguf.IQ2_XS: gguf.IQ4_NL,
	gguf.IQ2_S: gguf.IQ4_NL, gguf.IQ3_XXS: gguf.IQ4_NL, gguf.IQ3_S: gguf.IQ4_NL, gguf.IQ4_XS: gguf.IQ4_NL,
	gguf.Q2_0: gguf.Q4_0, gguf.Q2_K: gguf.Q4_0, gguf.Q3_K: gguf.Q4_0, gguf.TQ1_0: gguf.Q4_0, gguf.TQ2_0: gguf.Q4_0,
	gguf.Q4_K: gguf.Q5_0, gguf.Q5_K: gguf.Q5_1, gguf.Q6_K: gguf.Q8_0,
}

// fallback is the type that rows of n elements are stored in when the target is
// asked for.
func fallback(target gguf.Type, n int64) gguf.Type {
	if n%target.BlockElements() == 0 {
		return target
	}
	if t, ok := smallerBlocks[target]; ok && n%t.BlockElements() == 0 {
		return t
	}
	return gguf.F16
}
