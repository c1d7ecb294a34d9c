package lm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/mlx/lm"
	"assay/native/mlx/mlxtest"
)

// config answers the golden's configuration with fields changed; nil removes one.
func config(t *testing.T, g golden, changes map[string]any) json.RawMessage {
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal(g.Config, &fields))
	for name, value := range changes {
		if fields[name] = value; value == nil {
			delete(fields, name)
		}
	}
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return text
}

// without answers the table less the tensors that a name is part of.
func without(tensors []tensor, part string) []tensor {
	return slices.DeleteFunc(slices.Clone(tensors), func(t tensor) bool { return strings.Contains(t.Name, part) })
}

// with answers the table with one tensor changed.
func with(tensors []tensor, name string, change func(*tensor)) []tensor {
	changed := slices.Clone(tensors)
	for i := range changed {
		if changed[i].Name == name {
			changed[i].Shape = slices.Clone(changed[i].Shape)
			change(&changed[i])
		}
	}
	return changed
}

// foreign is a quantization_config of another framework's.
func foreign(method string, bits any) map[string]any {
	return map[string]any{"quantization_config": map[string]any{"quant_method": method, "bits": bits}}
}

const (
	queries = "model.layers.1.self_attn.q_proj.weight"
	down    = "model.layers.2.mlp.down_proj.weight"
)

func TestLoadRefusesWhatDoesNotFit(t *testing.T) {
	lib := mlxtest.Library(t)
	plain, packed := readGolden(t, "testdata/llama.f32.json"), readGolden(t, "testdata/llama.q4.json")
	for _, test := range []struct {
		name    string
		config  json.RawMessage
		tensors []tensor
		want    []string // all in one error
	}{
		{"unknown model_type", config(t, plain, map[string]any{"model_type": "bert"}), plain.Tensors,
			[]string{"config.json", `"bert"`, "assay types"}},
		{"missing fields", config(t, plain, map[string]any{"hidden_size": nil, "rms_norm_eps": nil}), plain.Tensors,
			[]string{"config.json", "hidden_size is missing", "rms_norm_eps is missing"}},
		{"field of another type", config(t, plain, map[string]any{"num_hidden_layers": "three"}), plain.Tensors,
			[]string{"num_hidden_layers is three"}},
		{"field out of range", config(t, plain, map[string]any{"num_attention_heads": -4}), plain.Tensors,
			[]string{"num_attention_heads is -4"}},
		{"heads that do not divide", config(t, plain, map[string]any{"num_key_value_heads": 3}), plain.Tensors,
			[]string{"num_attention_heads 4", "num_key_value_heads 3"}},
		{"unknown rope", config(t, plain, map[string]any{"rope_scaling": map[string]any{"type": "spiral", "factor": 2}}), plain.Tensors,
			[]string{"rope_scaling.type spiral"}},
		{"missing tensors", plain.Config, without(plain.Tensors, "q_proj"),
			[]string{"missing: model.layers.0.self_attn.q_proj.weight (and 2 like it)", "from one download"}},
		{"unknown tensors", config(t, plain, map[string]any{"num_hidden_layers": 2}), plain.Tensors,
			[]string{"unknown to this architecture", down}},
		{"wrong shape", plain.Config, with(plain.Tensors, queries, func(r *tensor) { r.Shape[0]++ }),
			[]string{"model.safetensors", queries, "F32 [33 32]", "[32 32]"}},
		{"wrong type", plain.Config, with(plain.Tensors, queries, func(r *tensor) { r.Type = "U32" }),
			[]string{"model.safetensors", queries, "U32", "BF16"}},
		{"unknown type", plain.Config, with(plain.Tensors, queries, func(r *tensor) { r.Type = "F8_E4M3" }),
			[]string{"model.safetensors", queries, `"F8_E4M3"`}},
		{"unknown mode", config(t, packed, map[string]any{"quantization": map[string]any{"bits": 4, "group_size": 32, "mode": "fp3"}}),
			packed.Tensors,
			[]string{"quantization.mode is fp3", "affine, mxfp4"}},
		{"a mode of another width", config(t, packed, map[string]any{"quantization": map[string]any{"bits": 8, "group_size": 32,
			"mode": "mxfp4"}}), packed.Tensors,
			[]string{"bits 8 with group_size 32 is not mxfp4", "4 in groups of 32"}},
		{"unknown bits", config(t, packed, map[string]any{"quantization": map[string]any{"bits": 7, "group_size": 32}}), packed.Tensors,
			[]string{"bits 7"}},
		{"quantization without group_size", config(t, packed, map[string]any{"quantization": map[string]any{"bits": 4}}), packed.Tensors,
			[]string{"quantization.group_size is missing"}},
		{"another framework's quantisation", config(t, plain, foreign("bitsandbytes", nil)), plain.Tensors,
			[]string{"quantization_config.quant_method", "bitsandbytes", "mlx_lm.convert"}},
		{"three bits of GPTQ", config(t, plain, foreign("gptq", 3)), plain.Tensors,
			[]string{"Only bits=3 is supported for AutoAWQ/GPTQ models"}},
		{"GPTQ's groups out of order", config(t, plain, foreign("gptq", 4)), append([]tensor{{"model.layers.0.self_attn.q_proj.g_idx", "U32",
			[]int{32}}}, plain.Tensors...),
			[]string{"Found model.layers.0.self_attn.q_proj.g_idx in weights. Models with non-contiguous group indices"}},
		{"scales without quantization", config(t, packed, map[string]any{"quantization": nil}), packed.Tensors,
			[]string{"embed_tokens.scales", "quantization is missing", "22 scales"}},
		{"missing scales", packed.Config, without(packed.Tensors, "layers.1.self_attn.q_proj.scales"),
			[]string{queries, "U32"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := lm.Load(lib, writeFolder(t, test.config, test.tensors))
			require.Error(t, err)
			for _, part := range test.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestLoadRefusesBrokenFolders(t *testing.T) {
	lib := mlxtest.Library(t)
	g := readGolden(t, "testdata/llama.f32.json")
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, folder, shard string)
		want   []string
	}{
		{"no config.json", func(t *testing.T, folder, _ string) {
			require.NoError(t, os.Remove(filepath.Join(folder, "config.json")))
		}, []string{"config.json"}},
		{"config.json is no JSON", func(t *testing.T, folder, _ string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), []byte("{"), 0o600))
		}, []string{"config.json", "JSON"}},
		{"no weights", func(t *testing.T, _, shard string) { require.NoError(t, os.Remove(shard)) },
			[]string{"no model*.safetensors"}},
		{"truncated data", func(t *testing.T, _, shard string) {
			info, err := os.Stat(shard)
			require.NoError(t, err)
			require.NoError(t, os.Truncate(shard, info.Size()-4))
		}, []string{"model.safetensors", "tensor model.norm.weight", "truncated"}},
		{"truncated header", func(t *testing.T, _, shard string) { require.NoError(t, os.Truncate(shard, 100)) },
			[]string{"model.safetensors", "truncated"}},
		{"empty shard", func(t *testing.T, _, shard string) { require.NoError(t, os.Truncate(shard, 0)) },
			[]string{"model.safetensors", "truncated"}},
		{"overlap", func(t *testing.T, _, shard string) {
			writeRawShard(t, shard,
				[]byte(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`),
				make([]byte, 12))
		}, []string{"model.safetensors", "a and b overlap at byte 4"}},
		{"size that is not the shape's", func(t *testing.T, _, shard string) {
			writeRawShard(t, shard, []byte(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`), make([]byte, 8))
		}, []string{"tensor a", "takes 12 bytes", "give 8"}},
		{"a shard is missing", func(t *testing.T, folder, _ string) {
			index := `{"weight_map":{"model.norm.weight":"model-00002-of-00002.safetensors"}}`
			require.NoError(t, os.WriteFile(filepath.Join(folder, "model.safetensors.index.json"), []byte(index), 0o600))
		}, []string{"model.safetensors.index.json", "model-00002-of-00002.safetensors"}},
		{"a shard lacks what the index promises", func(t *testing.T, folder, _ string) {
			index := `{"weight_map":{"model.other.weight":"model.safetensors"}}`
			require.NoError(t, os.WriteFile(filepath.Join(folder, "model.safetensors.index.json"), []byte(index), 0o600))
		}, []string{"model.safetensors", "tensor model.other.weight", "missing"}},
		{"the same tensor twice", func(t *testing.T, folder, _ string) {
			writeShard(t, filepath.Join(folder, "model-2.safetensors"), g.Tensors[:1])
		}, []string{g.Tensors[0].Name, "model-2.safetensors"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := writeFolder(t, g.Config, g.Tensors)
			test.damage(t, folder, filepath.Join(folder, "model.safetensors"))
			_, err := lm.Load(lib, folder)
			require.Error(t, err)
			for _, part := range test.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestLoadJoinsShardsAndSingleExperts(t *testing.T) {
	g := readGolden(t, "testdata/mixtral.f32.json")
	folder := writeFolder(t, g.Config, without(g.Tensors, "switch_mlp"))
	var single []tensor
	names := map[string]string{"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"}
	for _, stacked := range g.Tensors {
		if path, matrix, ok := strings.Cut(stacked.Name, ".switch_mlp."); ok {
			own := names[strings.TrimSuffix(matrix, ".weight")]
			for e := range stacked.Shape[0] {
				single = append(single, tensor{path + ".experts." + string(rune('0'+e)) + "." + own + ".weight", "F32", stacked.Shape[1:]})
			}
		}
	}
	writeShard(t, filepath.Join(folder, "model-2.safetensors"), single)
	model, err := lm.Load(mlxtest.Library(t), folder)
	require.NoError(t, err)
	defer model.Close()
	logits, err := newSession(t, model, lm.CacheOptions{}).Logits(randomTokens(5, vocab))
	require.NoError(t, err)
	assert.Len(t, logits, vocab)
}

func TestSessionRefusesWhatMLXLMCannotDo(t *testing.T) {
	for _, test := range []struct {
		golden  string
		options lm.CacheOptions
		want    string
	}{
		{"gemma3_text.f32", lm.CacheOptions{KVBits: 8, KVGroupSize: 32}, "layer 0 has a rotating cache"},
		{"gemma2.f32", lm.CacheOptions{KVBits: 8, KVGroupSize: 32}, "gemma2"},
		{"qwen2.f32", lm.CacheOptions{KVBits: 8, KVGroupSize: 32, MaxKVSize: 10}, "rotating"},
		{"qwen2.f32", lm.CacheOptions{KVBits: 8}, "a head of 8"},
		{"qwen2.f32", lm.CacheOptions{KVBits: 7, KVGroupSize: 32}, "kv-bits 7"},
	} {
		t.Run(test.golden+" "+test.want, func(t *testing.T) {
			model := load(t, readGolden(t, "testdata/"+test.golden+".json"))
			_, err := model.NewSession(test.options)
			require.ErrorIs(t, err, lm.ErrUnquantisable)
			assert.ErrorContains(t, err, test.want)
		})
	}
}
