// Package memory predicts all that a runtime takes for a model and a context:
// weights, cache, the buffers of its graphs and what the process needs besides.
// It puts together what kv, cost and graph predict; a part without a rule is
// absent. It runs nothing, and knows no machine and no record.
package memory

import (
	"errors"
	"fmt"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/graph"
	"assay/predict/kv"
)

// Metal predicts llama.cpp's memory on an Apple GPU that holds all layers: what
// the GPU holds, and what the host does. The embedding is looked up by the host;
// its pages count on both sides where it is the output head as well.
func Metal(f arch.Facts, weightType string, p kv.Params) (gpu, host Parts, err error) {
	gpu, err = LlamaCpp(f, weightType, p, &Repacking{}) // what lies on the GPU is not laid out anew
	if err != nil {
		return Parts{}, Parts{}, err
	}
	none := int64(0)
	host = Parts{Weights: &none, KV: &none, Output: gpu.Output, Repacked: &none, Process: gpu.Process}
	gpu.Output, gpu.Process, gpu.Compute = &none, &none, nil
	switch onGPU, onHost, err := graph.MetalBytes(f, p); {
	case err == nil:
		gpu.Compute, host.Compute = &onGPU, &onHost
		delete(gpu.Unknown, "compute")
	case errors.Is(err, graph.ErrUnknown):
		gpu.Unknown["compute"] = err.Error()
		host.Unknown = map[string]string{"compute": err.Error()}
	default:
		return Parts{}, Parts{}, fmt.Errorf("memory: %w", err)
	}
	return gpu, host, nil
}

// LlamaCpp predicts llama.cpp's memory on the CPU. weightType is that of the
// matrices where the facts have no tensors of their own, by what the build of the
// library lays out anew; nil where that is not known.
func LlamaCpp(f arch.Facts, weightType string, p kv.Params, by *Repacking) (Parts, error) {
	plan, err := kv.LlamaCpp(f, p)
	if err != nil {
		return Parts{}, fmt.Errorf("memory: %w", err)
	}
	parts := Parts{KV: new(plan.Bytes()), Output: new(outputBytes(f, p)), Process: new(processBytes(f)), Unknown: map[string]string{}}
	switch size, err := cost.SizeOf(f, weightType); {
	case err == nil:
		parts.Weights = &size.Bytes
	case errors.Is(err, cost.ErrNoRule):
		parts.Unknown["weights"] = err.Error()
	default:
		return Parts{}, fmt.Errorf("memory: %w", err)
	}
	if err := parts.repack(f, weightType, p.Release, by); err != nil {
		return Parts{}, fmt.Errorf("memory: %w", err)
	}
	switch compute, err := graph.ComputeBytes(f, p); {
	case err == nil:
		parts.Compute = &compute
	case errors.Is(err, graph.ErrUnknown):
		parts.Unknown["compute"] = err.Error()
	default:
		return Parts{}, fmt.Errorf("memory: %w", err)
	}
	return parts, nil
}

// outputBytes is the output buffer of a new context: one row of logits, which
// are floats, and one number of its token for each sequence
// (llama_context::output_reserve, src/llama-context.cpp, v0.5.0).
func outputBytes(f arch.Facts, p kv.Params) int64 {
	return int64(max(1, p.NSeq)) * f.Vocab * 4
}

// What a process takes beside the buffers, measured on Linux with two models
// after loading, v0.5.0: 42.6 MiB with 262,144 tokens of vocabulary and 17.6 MiB
// with 49,152; the line through both.
const (
	processBase     = 12 << 20
	processPerToken = 123
)

// processBytes is an estimate. A skeleton's file has no vocabulary.
func processBytes(f arch.Facts) int64 { return processBase + processPerToken*f.Vocab }
