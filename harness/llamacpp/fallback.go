package llamacpp

import (
	"fmt"
	goruntime "runtime"
	"slices"

	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/predict/backend"
	"assay/predict/kv"
	"assay/results"
)

// backendOf is the backend that the case's layers would be put on: the library's, or
// without one this system's own.
func backendOf(c results.Case, lib results.Runtime) (backend.Backend, bool) {
	device := lib.Device
	if device == "" && goruntime.GOOS == "darwin" {
		device = "MTL0"
	}
	if c.NGPULayers == 0 || len(lib.Devices) > 0 && len(taken(c, lib)) == 0 {
		return backend.Backend{}, false
	}
	return backend.Of(device)
}

// resolve is the case with flash attention as the backend's kernels let it be, and
// what falls back to the processor, a sentence each. A case whose attention was
// observed names "on" or "off" and keeps it.
func resolve(f arch.Facts, c results.Case, lib results.Runtime) (results.Case, []string) {
	b, ok := backendOf(c, lib)
	if !ok {
		return c, nil
	}
	var said []string
	flash := c.FlashAttn
	for i, layer := range f.Layers {
		if layer.Attention == nil || i < kv.FirstOnGPU(f, c.NGPULayers) {
			continue
		}
		key, value := heads(layer.Attention)
		a := b.Attention(backend.Question{KeyHead: key, ValueHead: value, TypeK: or(c.TypeK), TypeV: or(c.TypeV), Flash: c.FlashAttn})
		if c.FlashAttn == "auto" && !a.Flash {
			flash = runtime.FlashTurnedOff
		}
		if a.Because != "" && !slices.Contains(said, a.Because) {
			said = append(said, a.Because)
		}
	}
	for _, typ := range weightTypes(f) {
		if !b.HoldsWeights(typ) {
			said = append(said, fmt.Sprintf("weights of %s stay on the CPU, with their products, on %s", typ, b.Name))
		}
	}
	c.FlashAttn = flash
	return c, said
}

// or is the cache's default type where none is named.
func or(typ string) string {
	if typ == "" {
		return "f16"
	}
	return typ
}

// heads are the sizes of a cell's keys and values as a kernel sees them: latent
// attention has one row for all heads (build_attn_mha, src/llama-graph.cpp).
func heads(a *arch.Attention) (key, value int64) {
	if a.MLA != nil {
		return a.MLA.KVLoraRank + a.MLA.RopeDim, a.MLA.KVLoraRank
	}
	return a.KeyDim, a.ValueDim
}

// weightTypes are the types of the model's own tensors, each once.
func weightTypes(f arch.Facts) []string {
	var types []string
	for _, t := range f.Tensors {
		if !slices.Contains(types, t.Type) {
			types = append(types, t.Type)
		}
	}
	return types
}
