package mlx

import (
	"strings"

	"assay/harness/skeleton"
	"assay/native/mlx/lm"
	"assay/predict/arch"
	"assay/predict/kv"
	"assay/results"
)

// Name is the runtime's name in records.
const Name = "mlx"

// params are the case's settings in the predictor's terms.
func params(f arch.Facts, weightType string, c results.Case) kv.MLXParams {
	return kv.MLXParams{
		Type: cacheType(f, weightType), NSeq: c.NSeq, MaxKVSize: c.MaxKVSize,
		KVBits: c.KVBits, KVGroupSize: c.KVGroupSize, QuantizedKVStart: c.QuantizedKVStart,
	}
}

// cacheType is what keys and values are computed in: the floating-point type
// of the model's own tensors, or of the skeleton that stands in for it.
func cacheType(f arch.Facts, weightType string) string {
	if f.Path != "" {
		for _, t := range f.Tensors {
			switch typ := strings.ToLower(t.Type); typ {
			case "f32", "f16", "bf16":
				return typ
			}
		}
	}
	return skeleton.CacheType(weightType)
}

// calls are the calls of the model that a case makes, in mlx-lm's schedule, with the
// tokens of one sequence:
// the depth is a prompt of its own before the clock starts.
func calls(c results.Case) []int {
	if c.Kind == results.KindPlan {
		return kv.MLXSchedule(c.NCtx, 0)
	}
	depth, prompt := prompts(c)
	return append(kv.MLXSchedule(depth, 0), kv.MLXSchedule(prompt, c.NGen)...)
}

// prompts are the prompts before and under the clock. Generating needs a
// token to begin with: one stands in where a case has neither depth nor prompt.
func prompts(c results.Case) (depth, prompt int) {
	if c.NDepth+c.NPrompt == 0 {
		return 1, 0
	}
	return c.NDepth, c.NPrompt
}

func cacheOptions(c results.Case) lm.CacheOptions {
	return lm.CacheOptions{Rows: c.NSeq, MaxKVSize: c.MaxKVSize, KVBits: c.KVBits, KVGroupSize: c.KVGroupSize,
		QuantizedKVStart: c.QuantizedKVStart}
}
