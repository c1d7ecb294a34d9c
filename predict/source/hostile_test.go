package source

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/config"
	"assay/predict/family/llamacpp"
	"assay/predict/gguf"
)

const sound = `{"model_type": "qwen2_moe", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
 "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 128, "num_experts": 8, "num_experts_per_tok": 2,
 "moe_intermediate_size": 32, "shared_expert_intermediate_size": 64, "rope_theta": 10000.0}`

// TestHostileConfigs: every defect is an error that names the file and the key.
func TestHostileConfigs(t *testing.T) {
	_, err := config.Parse("config.json", []byte(sound))
	require.NoError(t, err, "the control")
	for _, bad := range []struct{ from, to, key string }{
		{`"hidden_size": 64`, `"hidden_size": -64`, "hidden_size"},
		{`"hidden_size": 64`, `"hidden_size": 9223372036854775807`, "hidden_size"},
		{`"hidden_size": 64`, `"hidden_size": 1e300`, "hidden_size"},
		{`"hidden_size": 64`, `"hidden_size": 64.5`, "hidden_size"},
		{`"hidden_size": 64`, `"hidden_size": "64"`, "hidden_size"},
		{`"hidden_size": 64`, `"hidden_size": [64]`, "hidden_size"},
		{`"hidden_size": 64`, `"hidden_size": null`, "hidden_size"},
		{`"hidden_size": 64, `, ``, "hidden_size"},
		{`"hidden_size": 64`, `"hidden_size": 66`, "head_dim"},
		{`"num_hidden_layers": 2`, `"num_hidden_layers": 0`, "num_hidden_layers"},
		{`"num_hidden_layers": 2`, `"num_hidden_layers": 1000000000`, "num_hidden_layers"},
		{`"num_hidden_layers": 2`, `"num_hidden_layers": true`, "num_hidden_layers"},
		{`"num_attention_heads": 4`, `"num_attention_heads": [4, 4, 4]`, "num_attention_heads"},
		{`"num_attention_heads": 4`, `"num_attention_heads": [4, -4]`, "num_attention_heads[1]"},
		{`"num_key_value_heads": 2`, `"num_key_value_heads": 3`, "KV heads"},
		{`"num_key_value_heads": 2`, `"num_key_value_heads": 0`, "KV heads"},
		{`"num_experts_per_tok": 2`, `"num_experts_per_tok": 9`, "num_experts_per_tok"},
		{`"num_experts_per_tok": 2`, `"num_experts_per_tok": 0`, "num_experts_per_tok"},
		{`"rope_theta": 10000.0`, `"rope_theta": "x"`, "rope_theta"},
		{`"rope_theta": 10000.0`, `"rope_theta": -1`, "rope_theta"},
		{`"rope_theta": 10000.0`, `"layer_types": ["full_attention"]`, "layer_types"},
		{`"rope_theta": 10000.0`, `"layer_types": [1, 2]`, "layer_types"},
		{`"rope_theta": 10000.0`, `"use_sliding_window": 1`, "use_sliding_window"},
		{`"rope_theta": 10000.0`, `"mlp_only_layers": [7]`, "mlp_only_layers"},
		{`"vocab_size": 128`, `"vocab_size": 99999999999`, "vocab_size"},
	} {
		_, err := config.Parse("config.json", []byte(strings.Replace(sound, bad.from, bad.to, 1)))
		if assert.Error(t, err, bad.to) {
			assert.Contains(t, err.Error(), "config.json", bad.to)
			assert.Contains(t, err.Error(), bad.key, bad.to)
		}
	}
	for _, junk := range []string{"", "[]", "null", `"x"`, `{"text_config": 3}`, `{"model_type": {}}`, `{`} {
		_, err := config.Parse("config.json", []byte(junk))
		assert.ErrorContains(t, err, "config.json", junk)
	}
}

// FuzzConfig: whatever a config says, reading ends in an error or in facts
// whose tensors can be counted.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(sound))
	for _, name := range Presets() {
		p, err := readPreset(name)
		require.NoError(f, err)
		f.Add([]byte(p.Config))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		facts, err := config.Parse("config.json", raw)
		if err != nil {
			return
		}
		require.NoError(t, facts.Validate())
		for _, of := range []arch.Facts{facts, llamacpp.KVFaithful(facts)} {
			tensors, err := llamacpp.Tensors(of, llamacpp.TypePlan{})
			if err != nil {
				require.Empty(t, facts.Family)
				continue
			}
			total := int64(0)
			for _, tensor := range tensors {
				require.Positive(t, tensor.Elements(), tensor.Name)
				total += tensor.Elements()
				require.Positive(t, total*4, "bytes overflow")
			}
			_, err = llamacpp.Metadata(of)
			require.NoError(t, err)
		}
	})
}

// FuzzGGUF: whatever the metadata and the tensor table say, reading ends in an
// error or in sound facts.
func FuzzGGUF(f *testing.F) {
	for _, name := range []string{"smollm2-135m", "gemma-3n-e4b", "deepseek-v2-lite", "nemotron-h-8b", "lfm2-1.2b", "qwen3-next-80b-a3b"} {
		facts, err := loadPreset(name)
		require.NoError(f, err)
		facts = llamacpp.KVFaithful(facts)
		facts.Layers = facts.Layers[:3]
		metadata, err := llamacpp.Metadata(facts)
		require.NoError(f, err)
		tensors, err := llamacpp.Tensors(facts, llamacpp.TypePlan{})
		require.NoError(f, err)
		var w gguf.Writer
		for _, kv := range metadata {
			w.Set(kv.Key, kv.Value)
		}
		for _, t := range tensors {
			typ, err := gguf.ParseType(t.Type)
			require.NoError(f, err)
			w.AddTensor(t.Name, typ, t.Shape...)
		}
		header, err := w.Header()
		require.NoError(f, err)
		file, err := gguf.Read(bytes.NewReader(header), int64(len(header))+1<<30, "model.gguf")
		require.NoError(f, err)
		_, err = fromGGUF(file)
		require.NoError(f, err, "the control")
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		// The data section is claimed to be there: only headers are read.
		file, err := gguf.Read(bytes.NewReader(raw), int64(len(raw))+1<<30, "model.gguf")
		if err != nil {
			return
		}
		facts, err := fromGGUF(file)
		if err != nil {
			require.Contains(t, err.Error(), "model.gguf")
			return
		}
		require.NoError(t, facts.Validate())
		llamacpp.KVFaithful(facts).SHA256()
	})
}
