package llamacpp

import (
	"assay/predict/arch"
	"assay/predict/kv"
	"assay/predict/memory"
	"assay/results"
)

// cpu and metal are what the library calls the host and an Apple GPU.
const (
	cpu   = "CPU"
	metal = "MTL0"
)

// memoryOf predicts all of the memory where everything lies on the CPU or on an
// Apple GPU; what other devices reserve follows from rules of their own.
func memoryOf(f arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Memory, error) {
	switch lib.Device {
	case "", cpu:
		parts, err := memory.LlamaCpp(f, weightType, Params(c, lib))
		if err != nil {
			return nil, err
		}
		return inRecord(parts), nil
	case metal:
		if c.NoKVOffload || kv.FirstOnGPU(f, c.NGPULayers) > 0 {
			return nil, nil // what lies where in part is not predicted
		}
		return onMetal(f, weightType, Params(c, lib))
	}
	return nil, nil
}

// onMetal has both devices' parts and their sums.
func onMetal(f arch.Facts, weightType string, p kv.Params) (*results.Memory, error) {
	gpu, host, err := memory.Metal(f, weightType, p)
	if err != nil {
		return nil, err
	}
	sum := inRecord(gpu.And(host))
	sum.Devices = map[string]*results.Memory{metal: inRecord(gpu), cpu: inRecord(host)}
	return sum, nil
}

func inRecord(p memory.Parts) *results.Memory {
	return &results.Memory{
		WeightBytes: p.Weights, KVBytes: p.KV, ComputeBytes: p.Compute, OutputBytes: p.Output,
		ProcessBytes: p.Process, TotalBytes: p.Total(),
	}
}
