package llamacpp

import (
	"golang.org/x/sys/cpu"

	"assay/predict/arch"
	"assay/predict/kv"
	"assay/predict/memory"
	"assay/results"
)

// metal is what the library calls an Apple GPU.
const metal = "MTL0"

// memoryOf predicts all of the memory where everything lies on the CPU or on an
// Apple GPU; what other devices reserve follows from rules of their own.
func memoryOf(f arch.Facts, weightType string, c results.Case, lib results.Runtime) (*results.Memory, error) {
	switch lib.Device {
	case "", hostDevice:
		parts, err := memory.LlamaCpp(f, weightType, Params(c, lib), repackingOf(lib))
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
	gpu, onHost, err := memory.Metal(f, weightType, p)
	if err != nil {
		return nil, err
	}
	sum := inRecord(gpu.And(onHost))
	sum.Devices = map[string]*results.Memory{metal: inRecord(gpu), hostDevice: inRecord(onHost)}
	return sum, nil
}

func inRecord(p memory.Parts) *results.Memory {
	return &results.Memory{
		WeightBytes: p.Weights, KVBytes: p.KV, ComputeBytes: p.Compute, OutputBytes: p.Output,
		RepackBytes: p.Repacked, ProcessBytes: p.Process, TotalBytes: p.Total(), NotPredicted: p.Unknown,
	}
}

// repackingOf is what the library's build for the processor lays out anew: by its
// name, or where no library was asked, that of the build which ggml would take
// here. Nil is not known.
func repackingOf(lib results.Runtime) *memory.Repacking {
	variant := lib.CPUVariant
	if lib.Path == "" && variant == "" {
		variant = buildHere()
	}
	if r, ok := memory.RepackingOf(variant); ok {
		return &r
	}
	return nil
}

// buildHere names a build for x86-64 with the extensions that this processor has;
// empty on others.
func buildHere() string {
	switch x := cpu.X86; {
	case x.HasAMXInt8 && x.HasAVX512VNNI:
		return "sapphirerapids"
	case x.HasAVX512F && x.HasAVX512BW:
		return "skylakex"
	case x.HasAVX2:
		return "haswell"
	case x.HasSSE3:
		return "x64"
	}
	return ""
}
