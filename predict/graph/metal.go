package graph

import (
	"fmt"

	"assay/predict/arch"
	"assay/predict/kv"
)

// MetalBytes are the compute buffers of a model whose layers all lie on an Apple
// GPU: that of the GPU, and that of the CPU, which looks the tokens up and holds
// the inputs. The order in which Metal runs the nodes of a split is not the
// CPU's, which moves its buffer by a row or two of activations.
func MetalBytes(f arch.Facts, p kv.Params) (gpu, cpu int64, err error) {
	return metalBytes(f, p, metalBuild{copies: true, halfMask: true})
}

// metalBuild is what builds do otherwise: attention copies keys and values of a
// layer into f16 (by v0.4.0; not in March 2026), and the mask is of f16 on the host,
// too (v0.5.0).
type metalBuild struct{ copies, halfMask bool }

func metalBytes(f arch.Facts, p kv.Params, by metalBuild) (gpu, cpu int64, err error) {
	r, err := newReserve(f, p)
	if err != nil {
		return 0, 0, fmt.Errorf("compute buffers of %s on Metal: %w", f.Name, err)
	}
	gpu, err = r.most(func(b *builder) int64 {
		b.elsewhere = true
		return reserve(b.graph(), by.size)
	})
	if err == nil {
		cpu, err = r.most(func(b *builder) int64 {
			b.elsewhere = true
			inputs := 2 * aligned(4*f.Hidden*b.tokens) // embeddings, and the rows of tokens
			for _, leaf := range b.graph().leafs {
				if leaf.input && leaf.ne[0] != f.Hidden {
					inputs += aligned(by.input(leaf))
				}
			}
			return inputs
		})
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compute buffers of %s on Metal: %w", f.Name, err)
	}
	return gpu, cpu, nil
}

// input is what an input takes on the host.
func (m metalBuild) input(leaf *tensor) int64 {
	if leaf.typ == f16 && !m.halfMask {
		return 2 * leaf.bytes()
	}
	return leaf.bytes()
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
		return t.bytes() + 4*experts*(1+tokens) + 8 + 1024
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
		room += 2 * cells * kvHeads * streams * (dimK + dimV)
	}
	return room
}
