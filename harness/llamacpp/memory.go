package llamacpp

import (
	"golang.org/x/sys/cpu"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/predict/memory"
	"assay/results"
)

// metal is what the library calls an Apple GPU.
const metal = "MTL0"

// memoryOf predicts all of the memory where everything lies on the CPU or on an
// Apple GPU, and elsewhere, as far as it is known what lies where, all but the buffers of
// graphs: what a device reserves for those follows from rules of its own.
func memoryOf(r ran, c results.Case, lib results.Runtime, spread map[string]*results.Memory) (*results.Memory, error) {
	onOneGPU := c.Devices == "" && c.TensorOverrides == "" && c.NCPUMoE == 0
	switch {
	case lib.Device == "", lib.Device == hostDevice:
		parts, err := memory.LlamaCpp(r.facts, r.weightType, Params(c, lib), repackingOf(lib))
		if err != nil {
			return nil, err
		}
		return inRecord(parts), nil
	case lib.Device == metal && onOneGPU && !c.NoKVOffload && kv.FirstOnGPU(r.facts, c.NGPULayers) == 0:
		return onMetal(r.facts, r.weightType, Params(c, lib))
	case spread == nil:
		return nil, nil
	}
	parts, err := memory.LlamaCpp(r.facts, r.weightType, Params(c, lib), nil)
	if err != nil {
		return nil, err
	}
	sum := &results.Memory{WeightBytes: new(int64), KVBytes: parts.KV, OutputBytes: parts.Output, ProcessBytes: parts.Process, Devices: spread,
		NotPredicted: map[string]string{"compute": "what graphs take where several devices share a model follows from rules of its own"}}
	for _, m := range spread {
		*sum.WeightBytes += *m.WeightBytes
	}
	spread[hostDevice].OutputBytes = parts.Output
	return sum, nil
}

// spreadMemory has the weights and caches of each device; nil where it is not known what
// lies where.
func spreadMemory(plan kv.Plan, placed *cost.Placed) map[string]*results.Memory {
	if placed == nil {
		return nil
	}
	devices := map[string]*results.Memory{}
	on := func(name string) *results.Memory {
		if devices[name] == nil {
			devices[name] = &results.Memory{WeightBytes: new(int64), KVBytes: new(int64)}
		}
		return devices[name]
	}
	on(hostDevice)
	for device, bytes := range placed.All {
		*on(device).WeightBytes += bytes
	}
	for _, l := range plan.Layers {
		if l.Device != "" {
			*on(l.Device).KVBytes += l.Bytes()
		}
	}
	return devices
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
