package mlx

import (
	"assay/predict/arch"
	"assay/predict/memory"
	"assay/results"
)

// onProcessor is what the library calls the device that is none.
const onProcessor = "cpu"

// memoryOf predicts the peak of MLX's allocator on an Apple GPU, in its parts at that
// moment. On a processor, what stands beside weights and cache is not known.
func memoryOf(run arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Memory, error) {
	parts, err := memory.MLX(run, weightType, params(run, weightType, c), memory.MLXRun{Calls: calls(c), Release: lib.Version})
	if err != nil {
		return nil, err
	}
	m := &results.Memory{
		WeightBytes: parts.Weights, KVBytes: parts.KV, ComputeBytes: parts.Compute, OutputBytes: parts.Output, RepackBytes: parts.Repacked,
		ProcessBytes: parts.Process,
		NotPredicted: parts.Unknown,
	}
	if c.NSeq > 1 && m.ComputeBytes != nil {
		m.ComputeBytes, m.NotPredicted = nil, map[string]string{"compute": "what stands beside the caches of several sequences, which are " +
			"copied and masked, is not known"}
		return m, nil
	}
	if lib.Device == onProcessor && m.ComputeBytes != nil {
		m.ComputeBytes, m.NotPredicted = nil, map[string]string{"compute": "how far MLX's processor backend computes ahead is not known; of " +
			"an Apple GPU it is predicted"}
		return m, nil
	}
	m.TotalBytes = parts.Total()
	return m, nil
}
