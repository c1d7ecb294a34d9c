package llamacpp

import (
	"errors"

	"golang.org/x/sys/cpu"

	"assay/predict/arch"
	"assay/predict/backend"
	"assay/predict/graph"
	"assay/predict/kv"
	"assay/predict/memory"
	"assay/results"
)

// metal is what the library calls an Apple GPU.
const metal = "MTL0"

// vulkan is the backend whose buffers are predicted wherever the layers lie.
const vulkan = "Vulkan"

// memoryOf predicts all of the memory where everything lies on the CPU or on an
// Apple GPU, and elsewhere as far as it is known what lies where; the buffers of graphs
// are known of one device and the host.
func memoryOf(r ran, c results.Case, lib results.Runtime, spread map[string]*results.Memory, placed *lying) (*results.Memory, error) {
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
	sum := &results.Memory{WeightBytes: new(int64), KVBytes: parts.KV, OutputBytes: parts.Output, ProcessBytes: parts.Process, Devices: spread}
	if err := addCompute(sum, r, c, lib, placed); err != nil {
		return nil, err
	}
	for _, m := range spread {
		*sum.WeightBytes += *m.WeightBytes
	}
	spread[hostDevice].OutputBytes = parts.Output
	return sum, nil
}

// addCompute adds the buffers of graphs, where one device whose backend is known shares
// the model with the host, or why they are not predicted.
func addCompute(sum *results.Memory, r ran, c results.Case, lib results.Runtime, placed *lying) error {
	because := func(why string) error {
		sum.NotPredicted = map[string]string{"compute": why}
		return nil
	}
	if len(placed.gpus) != 1 {
		return because("what graphs take where several devices share a model follows from rules of its own")
	}
	on := placed.gpus[0]
	switch b, _ := backend.Of(on); {
	case b.Name != vulkan:
		return because("what graphs take on " + on + " is known of a model that lies there whole")
	case largestOn(on, lib) == 0:
		return because("the alignments and limits of " + on + ", by which buffers are filled, are not known")
	case c.NoHost:
		return because("what graphs take without pinned memory of the host is not known")
	}
	s := memory.Spread{Device: on, Layers: placed.spread, Placed: placed.Placed, CacheOnHost: c.NoKVOffload, KeepsProducts: c.NoOpOffload,
		Largest: largestOn(on, lib)}
	s.FlashOnHost, s.PlainOnHost = lacks(r.facts, c, lib)
	device, host, err := memory.VulkanBuffers(r.facts, Params(c, lib), s)
	switch {
	case errors.Is(err, graph.ErrUnknown):
		return because(err.Error())
	case err != nil:
		return err
	}
	if sum.Devices[on] == nil {
		sum.Devices[on] = &results.Memory{WeightBytes: new(int64), KVBytes: new(int64)}
	}
	sum.Devices[on].ComputeBytes, sum.Devices[hostDevice].ComputeBytes = &device, &host
	sum.ComputeBytes = new(device + host)
	// The host's weights are mapped or in pinned memory, and so are never laid out anew.
	sum.RepackBytes = new(int64)
	sum.TotalBytes = new(*sum.WeightBytes + *sum.KVBytes + *sum.ComputeBytes + *sum.OutputBytes + *sum.ProcessBytes)
	return nil
}

// lacks says which kernels of attention the device has not got.
func lacks(f arch.Facts, c results.Case, lib results.Runtime) (flash, plain bool) {
	b, ok := backendOf(c, lib)
	if !ok {
		return false, false
	}
	for _, l := range f.Layers {
		if l.Attention == nil {
			continue
		}
		key, value := heads(l.Attention)
		q := backend.Question{KeyHead: key, ValueHead: value, TypeK: or(c.TypeK), TypeV: or(c.TypeV), Flash: "on"}
		flash = flash || b.Attention(q).OnCPU
		q.Flash = "off"
		plain = plain || b.Attention(q).OnCPU
	}
	return flash, plain
}

// spreadMemory has the weights and caches of each device; nil where it is not known what
// lies where.
func spreadMemory(plan kv.Plan, placed *lying) map[string]*results.Memory {
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
