package llamacpp

import (
	"assay/predict/arch"
	"assay/predict/memory"
	"assay/results"
)

// cpu is what the library calls the device of the host.
const cpu = "CPU"

// memoryOf predicts all of the memory where everything lies on the CPU; what
// other devices reserve follows from their own rules.
func memoryOf(f arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Memory, error) {
	if lib.Device != "" && lib.Device != cpu {
		return nil, nil
	}
	parts, err := memory.LlamaCpp(f, weightType, Params(c, lib))
	if err != nil {
		return nil, err
	}
	return &results.Memory{
		WeightBytes: parts.Weights, KVBytes: parts.KV, ComputeBytes: parts.Compute, OutputBytes: parts.Output,
		ProcessBytes: parts.Process, TotalBytes: parts.Total(),
	}, nil
}
