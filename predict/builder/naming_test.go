package builder_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/builder"
	"assay/predict/safetensors"
)

// table is a Hugging Face folder in the making: tensors by name, rows first.
type table map[string][]int64

func (w table) add(prefix string, more table) table {
	for name, shape := range more {
		w[prefix+name] = shape
	}
	return w
}

// folder writes the config and the headers of the weights.
func (w table) folder(t *testing.T, config string) arch.Facts {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Tiny")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644))
	var file safetensors.Writer
	for _, name := range slices.Sorted(maps.Keys(w)) {
		file.Add(name, safetensors.BF16, w[name]...)
	}
	require.NoError(t, file.Create(filepath.Join(dir, "model.safetensors"), nil))
	return load(t, dir)
}

const common = `"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 128, "tie_word_embeddings": false`

// model has embedding, head and last norm, and in each block both norms and
// what is given.
func model(block table) table {
	w := table{"model.embed_tokens.weight": {128, 64}, "model.norm.weight": {64}, "lm_head.weight": {128, 64}}
	for i := range 2 {
		prefix := fmt.Sprintf("model.layers.%d.", i)
		w.add(prefix, block).add(prefix, table{"input_layernorm.weight": {64}, "post_attention_layernorm.weight": {64}})
	}
	return w
}

var grouped = table{
	"self_attn.q_proj.weight": {128, 64}, "self_attn.k_proj.weight": {64, 64},
	"self_attn.v_proj.weight": {64, 64}, "self_attn.o_proj.weight": {64, 128},
}

var gated = table{"mlp.gate_proj.weight": {96, 64}, "mlp.up_proj.weight": {96, 64}, "mlp.down_proj.weight": {64, 96}}

const llama = `{"model_type": "llama", "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 96, ` + common + `}`

func both(a, b table) table { return table{}.add("", a).add("", b) }

// experts are one tensor for each expert, as Hugging Face has them.
func experts() table {
	w := table{"mlp.gate.weight": {4, 64}}
	for e := range 4 {
		w.add(fmt.Sprintf("mlp.experts.%d.", e), table{"gate_proj.weight": {32, 64}, "up_proj.weight": {32, 64}, "down_proj.weight": {64, 32}})
	}
	return w
}

// TestHuggingFaceNames maps folders of weights whose names are the hub's.
func TestHuggingFaceNames(t *testing.T) {
	for _, c := range []struct {
		name, config string
		block        table
		want         []string // class and count
	}{
		{"llama", llama, both(grouped, gated), []string{"GroupedQueryAttentionLayer 2", "GatedMLPLayer 2"}},
		{"qwen3_moe", `{"model_type": "qwen3_moe", "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 96,
			"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, ` + common + `}`,
			both(both(grouped, table{"self_attn.q_norm.weight": {32}, "self_attn.k_norm.weight": {32}}), experts()),
			[]string{"GroupedQueryAttentionLayer 2", "MoERouterLayer 2", "RoutedExpertsLayer 2"}},
		{"deepseek_v2", `{"model_type": "deepseek_v2", "num_key_value_heads": 4, "intermediate_size": 96, "q_lora_rank": null,
			"kv_lora_rank": 32, "qk_rope_head_dim": 16, "qk_nope_head_dim": 16, "v_head_dim": 16,
			"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "n_shared_experts": 1,
			"first_k_dense_replace": 0, ` + common + `}`,
			both(both(table{"self_attn.q_proj.weight": {128, 64}, "self_attn.kv_a_proj_with_mqa.weight": {48, 64},
				"self_attn.kv_a_layernorm.weight": {32},
				"self_attn.kv_b_proj.weight":      {128, 32}, "self_attn.o_proj.weight": {64, 64}}, experts()),
				table{"mlp.shared_experts.gate_proj.weight": {32, 64}, "mlp.shared_experts.up_proj.weight": {32, 64},
					"mlp.shared_experts.down_proj.weight": {64, 32}}),
			[]string{"MLAAttentionLayer 2", "MoERouterLayer 2", "RoutedExpertsLayer 2", "SharedExpertsLayer 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := model(c.block).folder(t, c.config)
			m := build(t, f, builder.Options{})
			assert.Empty(t, m.Discrepancies())
			assert.Empty(t, m.Gaps)
			var have []string
			for _, l := range m.Layers {
				if l.Index >= 0 && l.Class.Label != "norm" {
					have = append(have, fmt.Sprintf("%s %d", l.Class.Name, l.Count()))
				}
			}
			assert.Equal(t, c.want, have)

			// What the classes say does not depend on the naming.
			named := sums(m)
			f.Tensors = nil
			assert.Equal(t, sums(build(t, f, builder.Options{})), named)
		})
	}
}

// sums are the figures that do not depend on types or on how tensors are cut.
func sums(m builder.Model) (out [4]int64) {
	for _, l := range m.Layers {
		c := l.Cost(builder.OneToken())
		for i, n := range []int64{c.Params, c.Active, c.WeightFLOPs + c.MixingFLOPs, c.KVBytes} {
			out[i] += n * l.Count()
		}
	}
	return out
}

// TestDefects plants one defect at a time beside the clean folder above.
func TestDefects(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(table)
		opt    builder.Options
		config string
		want   string
	}{
		{name: "no keys", spoil: func(w table) { delete(w, "model.layers.1.self_attn.k_proj.weight") }, want: "parameters of llama.cpp's layout"},
		{name: "no MLP", spoil: func(w table) {
			for n := range gated {
				delete(w, "model.layers.1."+n)
			}
		}, want: "mlp of layer 1"},
		{name: "a block too many in the config", config: `"num_hidden_layers": 3`, want: "blocks"},
		{name: "another width", spoil: func(w table) { w["model.layers.1.mlp.down_proj.weight"] = []int64{64, 95} },
			want: "mlp of layer 1: intermediate_size"},
		{name: "claimed parameters", opt: builder.Options{Params: 100e3}, want: "claimed parameters"},
		{name: "claimed layers", opt: builder.Options{Layers: 3}, want: "claimed layers"},
		{name: "packed", spoil: func(w table) { w["model.layers.0.mlp.up_proj.scales"] = []int64{96, 2} }, want: "packed weights"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, config := model(both(grouped, gated)), llama
			if c.spoil != nil {
				c.spoil(w)
			}
			if c.config != "" {
				config = `{` + c.config + `,` + config[1:]
				config = strings.Replace(config, `"num_hidden_layers": 2, `, "", 1)
			}
			m := build(t, w.folder(t, config), c.opt)
			assert.False(t, m.Valid())
			var names []string
			for _, d := range m.Discrepancies() {
				names = append(names, d.Name)
			}
			assert.Contains(t, names, c.want)
			assert.False(t, m.Config().Validated)
		})
	}
	clean := build(t, model(both(grouped, gated)).folder(t, llama), builder.Options{Params: 102e3, Layers: 2})
	assert.Empty(t, clean.Discrepancies())
	assert.True(t, clean.Config().Validated)
}

// TestOptionsRefused: claims and splits that mean nothing.
func TestOptionsRefused(t *testing.T) {
	f := load(t, "smollm2-135m")
	for _, opt := range []builder.Options{
		{Params: -1}, {Params: math.NaN()}, {Params: math.Inf(1)}, {Layers: -1},
		{Parallel: builder.Parallel{Tensor: -1}}, {Parallel: builder.Parallel{Expert: math.MaxInt64}},
	} {
		_, err := builder.Build(f, opt)
		assert.Error(t, err, "%+v", opt)
	}
}
