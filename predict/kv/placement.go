package kv

import "assay/predict/arch"

// FirstOnGPU is the first layer whose weights llama.cpp puts on a GPU when it is
// told to put n layers there: they are counted from the end, with the output head
// as the first and the blocks that draft further tokens behind the others
// (i_gpu_start of load_tensors, src/llama-model.cpp, b6673 to v0.7.0). 1 is the
// head alone, all layers and one more are the whole model; below 0 is that, too.
func FirstOnGPU(f arch.Facts, n int) int {
	if n < 0 {
		return 0
	}
	return max(len(f.Layers)+int(f.DraftLayers)+1-n, 0)
}

// Place writes down which device holds each layer's cache: that of the layer's
// weights, or the host where the cache is kept off the GPU. Shared layers have
// none of their own.
func (p *Plan) Place(first int, gpu, host string) {
	for i := range p.Layers {
		l := &p.Layers[i]
		switch {
		case l.Class == Shared:
		case l.Layer >= first:
			l.Device = gpu
		default:
			l.Device = host
		}
	}
}
