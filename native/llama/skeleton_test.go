package llama_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// skeleton is a model small enough to make anew in every test. The encoder is
// the test's own: what assay writes with package gguf must not be what its
// binding is tested with.
type skeleton struct {
	arch                 string
	layers, hidden       int
	heads, kvHeads       int
	headDim, ff, vocab   int
	experts, expertsUsed int
	// window makes a model of arch gemma3; every sixth layer is global.
	window int
	// valueDim is a V head's width where it is not headDim.
	valueDim int
	// tied models have no output matrix of their own.
	tied bool
	// extra are metadata beyond the above; blocks replaces the layers' tensors.
	extra  map[string]any
	blocks func(g *ggufWriter, block string)
	// vocabulary are the tokens' texts, the first three special ones, the rest bytes;
	// without one the model has none.
	vocabulary []string
}

var tiny = skeleton{arch: "llama", layers: 2, hidden: 64, heads: 4, kvHeads: 2, headDim: 32, ff: 96, vocab: 128}

// write puts the model into a GGUF file (version 3, F32 throughout) and answers its path.
func (s skeleton) write(t testing.TB) string {
	t.Helper()
	var g ggufWriter
	g.meta("general.architecture", s.arch)
	g.meta(s.arch+".vocab_size", uint32(s.vocab))
	g.meta(s.arch+".context_length", uint32(131072))
	g.meta(s.arch+".embedding_length", uint32(s.hidden))
	g.meta(s.arch+".block_count", uint32(s.layers))
	g.meta(s.arch+".feed_forward_length", uint32(s.ff))
	g.meta(s.arch+".attention.head_count", uint32(s.heads))
	g.meta(s.arch+".attention.head_count_kv", uint32(s.kvHeads))
	g.meta(s.arch+".attention.key_length", uint32(s.headDim))
	g.meta(s.arch+".attention.value_length", uint32(cmp.Or(s.valueDim, s.headDim)))
	g.meta(s.arch+".attention.layer_norm_rms_epsilon", float32(1e-5))
	if s.window > 0 {
		g.meta(s.arch+".attention.sliding_window", uint32(s.window))
	}
	if s.experts > 0 {
		g.meta(s.arch+".expert_count", uint32(s.experts))
		g.meta(s.arch+".expert_used_count", uint32(s.expertsUsed))
	}
	for _, key := range slices.Sorted(maps.Keys(s.extra)) {
		g.meta(s.arch+"."+key, s.extra[key])
	}
	s.tokenizer(&g)
	s.tensors(&g)
	path := filepath.Join(t.TempDir(), s.arch+".gguf")
	require.NoError(t, os.WriteFile(path, g.bytes(), 0o644))
	return path
}

func (s skeleton) tokenizer(g *ggufWriter) {
	if s.vocabulary == nil {
		g.meta("tokenizer.ggml.model", "no_vocab")
		return
	}
	g.meta("tokenizer.ggml.model", "llama")
	kinds, scores := make([]int32, len(s.vocabulary)), make([]float32, len(s.vocabulary))
	for i := range kinds {
		kinds[i] = 6 // LLAMA_TOKEN_TYPE_BYTE
	}
	copy(kinds, []int32{2, 3, 3}) // unknown, control
	g.meta("tokenizer.ggml.tokens", s.vocabulary)
	g.meta("tokenizer.ggml.token_type", kinds)
	g.meta("tokenizer.ggml.scores", scores)
	g.meta("tokenizer.ggml.bos_token_id", uint32(1))
	g.meta("tokenizer.ggml.eos_token_id", uint32(2))
	g.meta("tokenizer.ggml.unknown_token_id", uint32(0))
}

func (s skeleton) tensors(g *ggufWriter) {
	q, kv := s.heads*s.headDim, s.kvHeads*s.headDim
	g.tensor("token_embd.weight", s.hidden, s.vocab)
	g.tensor("output_norm.weight", s.hidden)
	if !s.tied {
		g.tensor("output.weight", s.hidden, s.vocab)
	}
	for i := range s.layers {
		if s.blocks != nil {
			s.blocks(g, fmt.Sprintf("blk.%d.", i))
			continue
		}
		at := func(name string) string { return fmt.Sprintf("blk.%d.%s.weight", i, name) }
		g.tensor(at("attn_norm"), s.hidden)
		g.tensor(at("attn_q"), s.hidden, q)
		g.tensor(at("attn_k"), s.hidden, kv)
		g.tensor(at("attn_v"), s.hidden, kv)
		g.tensor(at("attn_output"), q, s.hidden)
		g.tensor(at("ffn_norm"), s.hidden)
		if s.window > 0 {
			for _, name := range []string{"attn_q_norm", "attn_k_norm"} {
				g.tensor(at(name), s.headDim)
			}
			for _, name := range []string{"post_attention_norm", "post_ffw_norm"} {
				g.tensor(at(name), s.hidden)
			}
		}
		if s.experts > 0 {
			g.tensor(at("ffn_gate_inp"), s.hidden, s.experts)
			g.tensor(at("ffn_gate_exps"), s.hidden, s.ff, s.experts)
			g.tensor(at("ffn_up_exps"), s.hidden, s.ff, s.experts)
			g.tensor(at("ffn_down_exps"), s.ff, s.hidden, s.experts)
			continue
		}
		g.tensor(at("ffn_gate"), s.hidden, s.ff)
		g.tensor(at("ffn_up"), s.hidden, s.ff)
		g.tensor(at("ffn_down"), s.ff, s.hidden)
	}
}

// ggufWriter collects a GGUF file's parts (ggml's docs/gguf.md, version 3).
type ggufWriter struct {
	metas, infos, data bytes.Buffer
	nMetas, nTensors   uint64
	random             *rand.Rand
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			put(b, uint64(len(s)))
			b.WriteString(s)
			continue
		}
		_ = binary.Write(b, binary.LittleEndian, v) // a bytes.Buffer takes everything
	}
}

func (g *ggufWriter) meta(key string, value any) {
	types := map[string]uint32{"uint32": 4, "int32": 5, "float32": 6, "string": 8}
	kind := fmt.Sprintf("%T", value)
	g.nMetas++
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		put(&g.metas, key, types[kind], value)
		return
	}
	put(&g.metas, key, uint32(9), types[kind[2:]], uint64(list.Len()))
	for i := range list.Len() {
		put(&g.metas, list.Index(i).Interface())
	}
}

func (g *ggufWriter) tensor(name string, dims ...int) {
	if g.random == nil {
		g.random = rand.New(rand.NewPCG(1, 2))
	}
	put(&g.infos, name, uint32(len(dims)))
	n := 1
	for _, d := range dims {
		put(&g.infos, uint64(d))
		n *= d
	}
	const f32 = 0
	put(&g.infos, uint32(f32), uint64(g.data.Len()))
	for range n {
		put(&g.data, float32(g.random.NormFloat64()*0.05))
	}
	for g.data.Len()%32 != 0 {
		g.data.WriteByte(0)
	}
	g.nTensors++
}

func (g *ggufWriter) bytes() []byte {
	var file bytes.Buffer
	file.WriteString("GGUF")
	put(&file, uint32(3), g.nTensors, g.nMetas)
	file.Write(g.metas.Bytes())
	file.Write(g.infos.Bytes())
	for file.Len()%32 != 0 {
		file.WriteByte(0)
	}
	file.Write(g.data.Bytes())
	return file.Bytes()
}
