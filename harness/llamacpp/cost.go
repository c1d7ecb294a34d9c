package llamacpp

import (
	"assay/harness/runtime"
	"assay/native/llama"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/results"
)

// costOf is what one sample of the case executes in llama.cpp. A case with a
// prompt and generated tokens does one after the other.
func costOf(f arch.Facts, weightType string, c results.Case, p kv.Params) (*results.Cost, error) {
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
		runtime.Add(sum, spent)
	}
	return sum, nil
}

// executed is what the executed graphs came to, in the record's words.
func executed(t llama.Traffic) *results.Cost {
	c := &results.Cost{Steps: t.Steps, Nodes: new(t.Computed), KVWriteBytes: t.CacheWritten, ActivationBytes: t.Activations}
	for _, term := range t.Terms {
		c.Terms = append(c.Terms, results.CostTerm{Class: term.Class, Type: term.Type, FLOPs: term.FLOPs, Bytes: term.Bytes})
	}
	return c
}
