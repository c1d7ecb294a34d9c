package harness

import (
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/results"
)

// llamaCost is what one sample of the case executes in llama.cpp. A case with a
// prompt and generated tokens does one after the other.
func llamaCost(f arch.Facts, weightType string, c results.Case, p kv.Params) (*results.Cost, error) {
	sum := &results.Cost{Nodes: new(int64), Products: new(int64)}
	for _, w := range []cost.Work{
		{Kind: cost.Prefill, NPrompt: c.NPrompt, NDepth: c.NDepth, Weights: weightType},
		{Kind: cost.Decode, NGen: c.NGen, NDepth: c.NDepth + c.NPrompt, Weights: weightType},
	} {
		if w.NPrompt+w.NGen == 0 {
			continue
		}
		spent, err := cost.LlamaCpp(f, p, w)
		if err != nil {
			return nil, err
		}
		addCost(sum, spent)
	}
	return sum, nil
}

// mlxCost is what one sample of the case executes in mlx-lm; nil where the case
// is of no tokens, as a plan is.
func mlxCost(f arch.Facts, weightType string, c results.Case, p kv.MLXParams) (*results.Cost, error) {
	depth, prompt := mlxPrompts(c)
	if prompt+c.NGen == 0 {
		return nil, nil
	}
	spent, err := cost.MLX(f, p, cost.Work{NPrompt: prompt, NGen: c.NGen, NDepth: depth, Weights: weightType})
	if err != nil {
		return nil, err
	}
	sum := &results.Cost{Products: new(int64)}
	addCost(sum, spent)
	return sum, nil
}

// addCost adds a prediction to what the record says of the whole sample.
func addCost(sum *results.Cost, c cost.Cost) {
	sum.Steps += c.Steps
	sum.Nodes = plus(sum.Nodes, c.Nodes)
	*sum.Products += c.Products
	sum.KVWriteBytes += c.KVWriteBytes
	sum.ActivationBytes += c.ActivationBytes
	if c.ExpertBytesUpper > 0 {
		if sum.ExpertBytes == nil {
			sum.ExpertBytes = &[2]int64{}
		}
		sum.ExpertBytes[0] += c.ExpertBytesLower
		sum.ExpertBytes[1] += c.ExpertBytesUpper
	}
	for _, t := range c.Terms {
		addTerm(sum, t)
	}
}

// plus is the sum of what is known; nil where one is not.
func plus(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	return ptr(*a + *b)
}

func addTerm(sum *results.Cost, t cost.Term) {
	add := results.CostTerm{Class: string(t.Class), Type: t.Type, FLOPs: t.FLOPs, Bytes: t.Bytes}
	if t.Class == cost.Attention {
		add.LiveFLOPs, add.RowBytes = ptr(t.LiveFLOPs), ptr(t.RowBytes)
	}
	for i := range sum.Terms {
		old := &sum.Terms[i]
		if old.Class != add.Class || old.Type != add.Type {
			continue
		}
		if add.LiveFLOPs != nil {
			*add.LiveFLOPs += *old.LiveFLOPs
			// The mean distance between cells, weighed by the operations over them.
			*add.RowBytes = (*add.RowBytes*add.FLOPs + *old.RowBytes*old.FLOPs) / max(1, add.FLOPs+old.FLOPs)
		}
		add.FLOPs += old.FLOPs
		add.Bytes += old.Bytes
		*old = add
		return
	}
	sum.Terms = append(sum.Terms, add)
}

// costFLOPs and costBytes are the sums that the record states beside the terms.
func costFLOPs(c *results.Cost) *int64 {
	var n int64
	for _, t := range c.Terms {
		n += t.FLOPs
	}
	return &n
}

func costBytes(c *results.Cost) *int64 {
	n := c.KVWriteBytes + c.ActivationBytes
	for _, t := range c.Terms {
		n += t.Bytes
	}
	return &n
}
