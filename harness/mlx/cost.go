package mlx

import (
	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/results"
)

// costOf is what one sample of the case executes in mlx-lm; nil where the case
// is of no tokens, as a plan is.
func costOf(f arch.Facts, weightType string, c results.Case, p kv.MLXParams) (*results.Cost, error) {
	return countedAs(f, c, p, cost.Work{Weights: weightType})
}

func countedAs(f arch.Facts, c results.Case, p kv.MLXParams, w cost.Work) (*results.Cost, error) {
	depth, prompt := prompts(c)
	if prompt+c.NGen == 0 {
		return nil, nil
	}
	w.NPrompt, w.NGen, w.NDepth = prompt, c.NGen, depth
	spent, err := cost.MLX(f, p, w)
	if err != nil {
		return nil, err
	}
	sum := &results.Cost{Products: new(int64)}
	runtime.Add(sum, spent)
	return sum, nil
}
