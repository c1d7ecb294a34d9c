package graph

import (
	"fmt"

	"assay/predict/arch"
	"assay/predict/kv"
)

// MetalBytes are the compute buffers of a model whose layers all lie on an Apple
// GPU: that of the GPU, and that of the CPU, which looks the tokens up and holds
// the inputs.
func MetalBytes(f arch.Facts, p kv.Params) (gpu, cpu int64, err error) {
	r, err := newReserve(f, p)
	if err == nil {
		gpu, cpu, err = r.onMetal(metalBuildOf(p.Release))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compute buffers of %s on Metal: %w", f.Name, err)
	}
	return gpu, cpu, nil
}

// metalBuild is what builds of ggml's Metal backend, and the graphs for it, do
// otherwise.
type metalBuild struct {
	// reorders: nodes that can run beside others are moved forward.
	reorders bool
	// copies: attention copies keys and values of a layer into f16.
	copies bool
	// halfMask: the mask comes as f16; before, as f32, and the GPU converts it.
	halfMask bool
	// keeps: what a fused group reads is kept until the group's last node.
	keeps bool
	// embedsOnce: the host has no room for embeddings that no text uses.
	embedsOnce bool
}

// metalBuildOf is the build of a release whose graphs are known. In v0.4.0's
// library for Macs (ggml 0.23.0) the copies are, and the kept groups are not.
func metalBuildOf(release string) metalBuild {
	const keepsSince = "v0.5.0"
	return metalBuild{reorders: true, copies: true, halfMask: true, keeps: !kv.Older(release, keepsSince)}
}

func (r *contextReserve) onMetal(by metalBuild) (gpu, cpu int64, err error) {
	gpu, err = r.most(func(b *builder) int64 {
		b.elsewhere, b.castsMask = true, !by.halfMask
		g := b.graph()
		cpu = max(cpu, b.onHost(g, by))
		return by.reserve(g)
	})
	return gpu, cpu, err
}

// onHost is what the host has of a graph on the GPU: the tokens, what is looked up
// for them, and the other inputs.
func (b *builder) onHost(g *dag, by metalBuild) int64 {
	rows := aligned(4 * b.facts.Hidden * b.tokens)
	inputs := aligned(4*b.tokens) + rows
	if !by.embedsOnce {
		inputs += rows
	}
	for _, leaf := range g.leafs {
		if leaf.input && leaf.ne[0] != b.facts.Hidden {
			inputs += aligned(leaf.bytes())
		}
	}
	return inputs
}

// size is what a result takes with the room that Metal's kernels work in
// (ggml_backend_metal_buffer_type_get_alloc_size, ggml-metal.cpp, and
// ggml-metal-ops.cpp, v0.5.0).
func (m metalBuild) size(t *tensor) int64 {
	switch t.op {
	case "FLASH_ATTN_EXT":
		return t.bytes() + m.flashRoom(t.src[0], t.src[1], t.src[2])
	case "MUL_MAT_ID":
		experts, tokens := t.src[0].ne[2], t.ne[2]
		most := int64(0) // of what is multiplied
		if m.keeps {
			most = 8 + 1024
		}
		return t.bytes() + 4*experts*(1+tokens) + most
	case "ARGSORT", "CUMSUM":
		return 2 * t.bytes()
	}
	return t.bytes()
}

// flashRoom is for padded rows of keys, values and mask, which blocks of the mask
// are empty, partial results of 32 groups, and a copy of keys and values in f16.
func (m metalBuild) flashRoom(q, k, v *tensor) int64 {
	const rows, groups = 64, 32
	tokens, nHeads, streams := q.ne[1], q.ne[2], q.ne[3]
	cells, kvHeads, dimK, dimV := k.ne[1], k.ne[2], k.ne[0], v.ne[0]
	rowK, rowV := 2*dimK*kvHeads, 2*dimV*kvHeads
	pad := rows * (rowK*kvHeads*streams + rowV*kvHeads*streams + 2*tokens*streams)
	blocks := aligned(((cells+63)/64)*((tokens+7)/8)) * streams
	partial := 4 * min(tokens, groups) * nHeads * streams * groups * (dimV + 2)
	room := pad + blocks + partial
	if m.copies {
		copied := dimK + dimV
		if v.root == k.root { // of a latent
			copied = dimK
		}
		room += 2 * cells * kvHeads * streams * copied
	}
	return room
}
