package memory

import (
	"fmt"
	"slices"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/gguf"
	"assay/predict/graph"
	"assay/predict/kv"
)

// Repacking is what a build of llama.cpp's CPU backend lays out anew when it
// loads weights, by the processor's extensions that the build uses.
type Repacking struct{ AVX2, AVX512, AMX bool }

// repackings are those of ggml's builds for x86-64 by the end of their files'
// names (ggml/src/CMakeLists.txt, ggml_add_cpu_backend_variant, v0.5.0).
func repackings() map[string]Repacking {
	avx2 := Repacking{AVX2: true}
	avx512 := Repacking{AVX2: true, AVX512: true}
	return map[string]Repacking{
		"x64": {}, "sse42": {}, "sandybridge": {}, "ivybridge": {}, "piledriver": {},
		"haswell": avx2, "alderlake": avx2,
		"skylakex": avx512, "cannonlake": avx512, "cascadelake": avx512, "cooperlake": avx512, "icelake": avx512, "zen4": avx512,
		"sapphirerapids": {AVX2: true, AVX512: true, AMX: true},
	}
}

// RepackingOf is that of the build with the name; ok is false for one that is not
// known: those for ARM, and a library with one build alone.
func RepackingOf(variant string) (r Repacking, ok bool) {
	r, ok = repackings()[variant]
	return r, ok
}

// repackedBytes are the buffers of weights in another layout, beside the file's
// own, which stays mapped. Each product's matrix goes to the first kind of buffer
// that takes it (select_weight_buft, src/llama-model-loader.cpp).
func repackedBytes(f arch.Facts, weightType, release string, r Repacking) (int64, error) {
	products, err := cost.Products(f, weightType)
	if err != nil {
		return 0, fmt.Errorf("repacked weights of %s: %w", f.Name, err)
	}
	var amx, interleaved int64
	for _, p := range products {
		switch {
		case r.AMX && amxTakes(p):
			amx += padded(amxBytes(p))
		case r.interleaves(p, release):
			interleaved += padded(p.Bytes())
		}
	}
	return amx + interleaved, nil
}

// padded is rounded up to a tensor's alignment in these buffers.
func padded(n int64) int64 { return (n + 63) / 64 * 64 }

// amxTakes says whether AMX's products take the matrix (extra_buffer_type::
// supports_op, ggml/src/ggml-cpu/amx/amx.cpp).
func amxTakes(p cost.Product) bool {
	const twoTiles = 32
	align := map[string]int64{"q4_0": 32, "q4_1": 32, "q8_0": 32, "q4_K": 256, "q5_K": 256, "q6_K": 256, "iq4_xs": 256, "f16": 16}[p.Type]
	return !p.Routed && len(p.Shape) == 2 && align > 0 && p.Shape[0]%align == 0 && p.Shape[1]%twoTiles == 0
}

// amxBytes is the matrix as AMX has it: sums of a block of q8_0 beside it, and
// scales of q4_K and q5_K unpacked (get_row_size, ggml/src/ggml-cpu/amx/mmq.cpp).
func amxBytes(p cost.Product) int64 {
	more := map[string]int64{"q8_0": 4, "q4_K": 4, "q5_K": 4, "iq4_xs": 2}[p.Type]
	if more == 0 {
		return p.Bytes()
	}
	typ, err := gguf.ParseType(p.Type)
	if err != nil {
		return p.Bytes()
	}
	return p.Bytes() + more*p.Elements()/typ.BlockElements()
}

// interleaves says whether eight rows of the matrix are laid out beside each
// other (ggml_repack_get_optimal_repack_type, ggml/src/ggml-cpu/repack.cpp).
func (r Repacking) interleaves(p cost.Product, release string) bool {
	const rows = 8
	types := []string{}
	if r.AVX2 {
		types = append(types, "q4_0", "q4_K", "iq4_nl")
	}
	if r.AVX2 && !kv.Older(release, graph.Since) { // b6673 leaves it, v0.5.0 does not
		types = append(types, "mxfp4")
	}
	if r.AVX512 {
		types = append(types, "q2_K")
	}
	return slices.Contains(types, p.Type) && p.Shape[1]%rows == 0
}
