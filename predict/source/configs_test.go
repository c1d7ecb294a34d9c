package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/source"
)

// tiny is a config to which the tests add keys.
const tiny = `"hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8,
 "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 1024, "max_position_embeddings": 8192`

func config(t *testing.T, more string) arch.Facts {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	write(t, path, "{"+tiny+", "+more+"}")
	return load(t, path)
}

// windowsOf are the layers' windows, one letter each: W, or F for a full one.
func windowsOf(f arch.Facts) string {
	var b strings.Builder
	for _, l := range f.Layers {
		b.WriteByte(map[bool]byte{true: 'W', false: 'F'}[l.Attention.Window > 0])
	}
	return b.String()
}

// A pattern comes as letters, a number, a list of names, or not at all.
func TestPatternsOfConfigs(t *testing.T) {
	for more, want := range map[string]string{
		`"sliding_window": 256, "sliding_window_pattern": "LLLG"`:  "WWWF",
		`"sliding_window": 256, "sliding_window_pattern": "LG"`:    "WFWF",
		`"sliding_window": 256, "sliding_window_pattern": "G"`:     "FFFF",
		`"sliding_window": 256, "sliding_window_pattern": 2`:       "WFWF",
		`"sliding_window": 256, "sliding_window_pattern": null`:    "WWWW",
		`"sliding_window": 256`:                                    "WWWW",
		`"sliding_window": null, "sliding_window_pattern": "LLLG"`: "FFFF",
		`"sliding_window": false, "sliding_window_pattern": 2`:     "FFFF",
		`"sliding_window": 0`:                                      "FFFF",
		`"sliding_window": 256, "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"]`: "WFFW",
	} {
		assert.Equal(t, want, windowsOf(config(t, `"model_type": "exaone4", `+more)), more)
	}
}

// What a key says that has no value is that the fact is absent.
func TestKeysWithoutValue(t *testing.T) {
	want := config(t, `"model_type": "llama"`).SHA256()
	for _, more := range []string{
		`"sliding_window": false`, `"sliding_window": null`, `"num_experts": null`, `"num_experts": false`, `"n_shared_experts": null`,
		`"rope_scaling": false`, `"rope_scaling": null`, `"rope_parameters": null`, `"layer_types": null`, `"text_config": null`,
		`"num_nextn_predict_layers": false`, `"quantization": null`, `"quantization_config": false`, `"block_configs": null`,
		`"time_step_limit": [0.0, Infinity]`, `"router_jitter": NaN`, `"floor": -Infinity, "note": "Infinity \"NaN\" stays"`,
	} {
		assert.Equal(t, want, config(t, `"model_type": "llama", `+more).SHA256(), more)
	}
	path := filepath.Join(t.TempDir(), "config.json")
	write(t, path, "\ufeff{"+tiny+`, "model_type": "llama"}`)
	assert.Equal(t, want, load(t, path).SHA256(), "a byte order mark")
}

// block_configs say of each layer what it has.
func TestBlockConfigs(t *testing.T) {
	f := config(t, `"model_type": "nemotron-nas", "block_configs": [
		{"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 2.0}},
		{"attention": {"no_op": true, "n_heads_in_group": null}, "ffn": {"ffn_mult": 1.0}},
		{"attention": {"replace_with_linear": true}, "ffn": {"intermediate_size": 640}},
		{"attention": {"num_key_value_heads": 2}, "ffn": {"no_op": true, "ffn_mult": null}}]`)
	assert.Equal(t, int64(2), f.Layers[0].Attention.KVHeads)
	assert.Equal(t, int64(768), f.Layers[0].FeedForward.Intermediate, "682 up to a multiple of 256")
	assert.Nil(t, f.Layers[1].Attention)
	assert.Equal(t, int64(512), f.Layers[1].FeedForward.Intermediate)
	assert.Nil(t, f.Layers[2].Attention)
	assert.Contains(t, fmt.Sprint(f.Unknown), "block_configs[2].attention: a matrix stands in its place")
	assert.Equal(t, int64(640), f.Layers[2].FeedForward.Intermediate)
	assert.Equal(t, int64(2), f.Layers[3].Attention.KVHeads)
	assert.Nil(t, f.Layers[3].FeedForward)
}

// What all layers lack is said once.
func TestMissingKeyIsNamedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	write(t, path, "{"+tiny+`, "model_type": "deepseek_v32", "kv_lora_rank": 64, "qk_rope_head_dim": 16, "qk_nope_head_dim": 16,
		"v_head_dim": 16, "index_n_heads": 4}`)
	_, err := source.Load(t.Context(), path, source.Options{})
	require.ErrorContains(t, err, "index_head_dim: missing; add the key")
	assert.Equal(t, 1, strings.Count(err.Error(), "index_head_dim"))
}

// Several configs in one folder are called after their files; a config.json is
// its folder's.
func TestNamesOfConfigs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Models")
	require.NoError(t, os.Mkdir(dir, 0o755))
	for file, want := range map[string]string{"small.json": "small", "large-v2.json": "large-v2", "config.json": "Models"} {
		write(t, filepath.Join(dir, file), "{"+tiny+`, "model_type": "llama"}`)
		assert.Equal(t, want, load(t, filepath.Join(dir, file)).Name)
	}
}

// What a config says of packed weights, module by module, is what mlx-lm holds.
func TestQuantizationBlocks(t *testing.T) {
	bytes := func(more string) int64 {
		n, err := cost.MLXWeightBytes(config(t, `"model_type": "llama", "tie_word_embeddings": false`+more), "")
		require.NoError(t, err)
		return n
	}
	const embedding, head, down = 1024 * 512, 1024 * 512, 1024 * 512
	plain := bytes("")
	four := bytes(`, "quantization": {"bits": 4, "group_size": 64}`)
	assert.Less(t, four, plain/3)
	saved := func(elements int64, bits, group int64) int64 { return elements*bits/8 + 4*elements/group }
	at4 := func(n int64) int64 { return saved(n, 4, 64) }
	for more, want := range map[string]int64{
		`"lm_head": false`: four - at4(head) + 2*head,
		`"model.embed_tokens": {"bits": 8, "group_size": 64}`:                            four - at4(embedding) + saved(embedding, 8, 64),
		`"model.layers.3.mlp.down_proj": {"bits": 6, "group_size": 32}`:                  four - at4(down) + saved(down, 6, 32),
		`"model.layers.3.mlp.down_proj": {"bits": 5, "group_size": 128}`:                 four - at4(down) + saved(down, 5, 128),
		`"model.layers.3.mlp.down_proj": {"mode": "mxfp4", "bits": 4, "group_size": 32}`: four - at4(down) + down/2 + down/32,
		`"mode": "affine"`: four,
	} {
		assert.Equal(t, want, bytes(`, "quantization": {"bits": 4, "group_size": 64, `+more+`}`), more)
	}
	assert.Equal(t, plain, bytes(`, "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 64}`), "another library's")
	assert.Equal(t, four, bytes(`, "quantization_config": {"bits": 4, "group_size": 64}`))
	assert.Equal(t, config(t, `"model_type": "llama"`).SHA256(), config(t,
		`"model_type": "llama", "quantization": {"bits": 4, "group_size": 64}`).SHA256(), "one architecture")
}
