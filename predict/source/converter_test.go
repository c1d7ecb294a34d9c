package source_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	family "assay/predict/family/llamacpp"
)

// converterKeys are the keys about shapes that llama.cpp's converter writes for
// a model, beside those it writes for every model: set_gguf_parameters of the
// model's class in conversion/*.py of v0.5.0.
var converterKeys = map[string]string{
	"llama-3.1-8b":      "vocab_size rope.dimension_count",
	"mixtral-8x7b":      "vocab_size rope.dimension_count expert_count expert_used_count",
	"qwen2.5-14b":       "",
	"qwen1.5-moe-a2.7b": "expert_count expert_used_count expert_feed_forward_length expert_shared_feed_forward_length",
	"qwen3-8b":          "attention.key_length attention.value_length",
	"qwen3-30b-a3b":     "attention.key_length attention.value_length expert_count expert_used_count expert_feed_forward_length",
	"gemma-2b":          "attention.key_length attention.value_length",
	"gemma-2-9b":        "attention.key_length attention.value_length attention.sliding_window",
	"gemma-3-12b":       "attention.key_length attention.value_length attention.sliding_window",
	"gemma-3n-e4b": "attention.sliding_window_pattern embedding_length_per_layer_input attention.shared_kv_layers altup.active_idx " +
		"altup.num_inputs activation_sparsity_scale",
	"phi-3-mini-4k": "rope.dimension_count attention.sliding_window",
	"gpt-oss-20b":   "attention.sliding_window expert_count expert_used_count expert_feed_forward_length attention.key_length",
	"command-r7b":   "logit_scale attention.sliding_window vocab_size rope.dimension_count",
	"llama-4-scout": "interleave_moe_layer_step expert_count expert_used_count expert_feed_forward_length",
	"deepseek-v3": "leading_dense_block_count vocab_size attention.q_lora_rank attention.kv_lora_rank attention.key_length " +
		"attention.value_length attention.key_length_mla attention.value_length_mla expert_feed_forward_length expert_count " +
		"expert_shared_count rope.dimension_count expert_group_count expert_group_used_count expert_weights_scale expert_weights_norm",
	"falcon-h1-7b": "vocab_size ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank ssm.group_count " +
		"attention.key_length attention.value_length",
	"granite-4.0-h-tiny": "ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank ssm.group_count expert_count expert_used_count " +
		"expert_shared_feed_forward_length rope.scaling.finetuned",
	"nemotron-h-8b": "ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank ssm.group_count attention.key_length " +
		"attention.value_length",
	"lfm2-1.2b":          "vocab_size shortconv.l_cache",
	"mamba-codestral-7b": "ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank ssm.group_count",
	"olmo-2-7b":          "",
	"granite-3.1-8b":     "logit_scale embedding_scale residual_scale attention.scale",
	"smollm3-3b":         "vocab_size",
	"qwen3-next-80b-a3b": "ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank ssm.group_count full_attention_interval " +
		"expert_feed_forward_length expert_shared_feed_forward_length",
}

// leftOut are keys of the converter that a skeleton does without, and why.
var leftOut = map[string]string{
	"rope.dimension_count":             "the loader takes the head dimension",
	"altup.active_idx":                 "the loader has the value as a constant",
	"altup.num_inputs":                 "the loader has the value as a constant",
	"activation_sparsity_scale":        "the loader has the value as a constant",
	"attention.sliding_window":         "phi3's loader ignores it",
	"attention.sliding_window_pattern": "the same as the loader's own period",
}

func TestConverterKeys(t *testing.T) {
	common := "context_length embedding_length block_count"
	for name, own := range converterKeys {
		metadata, err := family.Metadata(load(t, name))
		require.NoError(t, err)
		var have []string
		for _, kv := range metadata {
			_, short, _ := strings.Cut(kv.Key, ".")
			have = append(have, short)
		}
		attention := "feed_forward_length attention.head_count attention.head_count_kv"
		if name == "mamba-codestral-7b" {
			attention = "" // the converter writes zeros, which are the loader's defaults
		}
		for _, key := range strings.Fields(common + " " + attention + " " + own) {
			if !slices.Contains(have, key) {
				assert.Contains(t, leftOut, key, "%s lacks %s", name, key)
			}
		}
	}
}

// TestUnknownFamily: a GGUF of an architecture that is not known is read as far as it goes.
func TestUnknownFamily(t *testing.T) {
	f := family.KVFaithful(load(t, "smollm2-135m"))
	metadata, err := family.Metadata(f)
	require.NoError(t, err)
	for i := range metadata {
		metadata[i].Key = strings.Replace(metadata[i].Key, "llama.", "novel.", 1)
	}
	metadata[0].Value = "novel"
	tensors, err := family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	got := load(t, writeModel(t, metadata, tensors))
	assert.Equal(t, "novel", got.Family)
	assert.Len(t, got.Layers, 30)
	assert.Equal(t, int64(3), got.Layers[0].Attention.KVHeads)
	_, err = family.Tensors(got, family.TypePlan{})
	assert.ErrorContains(t, err, `"novel"`)
	assert.NotEmpty(t, got.Unknown)
}

// TestGGUFContradiction plants a wrong KV head count beside tensors that have another.
func TestGGUFContradiction(t *testing.T) {
	f := family.KVFaithful(load(t, "llama-3.2-1b"))
	metadata, err := family.Metadata(f)
	require.NoError(t, err)
	tensors, err := family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	assert.Empty(t, load(t, writeModel(t, metadata, tensors)).Contradictions, "the control")
	for i, kv := range metadata {
		if kv.Key == "llama.attention.head_count_kv" {
			metadata[i].Value = uint32(4)
		}
	}
	got := load(t, writeModel(t, metadata, tensors))
	require.Len(t, got.Contradictions, 1)
	assert.Equal(t, "attention.kv_heads", got.Contradictions[0].Field)
	assert.Equal(t, "8", got.Contradictions[0].Kept)
	assert.Equal(t, "4", got.Contradictions[0].Dropped)
}
