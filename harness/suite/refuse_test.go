package suite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/harness/failure"
	"assay/predict/safetensors"
)

// TestAFolderThatCannotRunIsRefusedOnce: before anything runs, whatever cases there are
// of it; a plan reads its headers all the same.
func TestAFolderThatCannotRunIsRefusedOnce(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"model_type": "apertus", "hidden_size": 64,
		"num_hidden_layers": 1, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100,
		"max_position_embeddings": 512}`), 0o600))
	var w safetensors.Writer
	w.Add("model.embed_tokens.weight", "BF16", 100, 64)
	require.NoError(t, w.Create(filepath.Join(dir, "model.safetensors"), nil))
	expanded := func(cases string) error {
		s, err := Parse("s.yaml", []byte("name: s\ncases:\n- models: ["+dir+"]\n  "+cases+"\n"))
		require.NoError(t, err)
		_, err = Expand(t.Context(), s, []string{"mlx"})
		return err
	}
	err := expanded("kinds: [prefill, decode]\n  n_prompt: [16, 32]\n  n_gen: [4]")
	require.ErrorContains(t, err, `model type "apertus" does not run on MLX here`)
	require.True(t, failure.IsInput(err))
	require.NoError(t, expanded("kinds: [plan]\n  n_ctx: [64]"))
}
