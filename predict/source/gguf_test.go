package source_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/source"
)

// writeGGUF writes the facts as a GGUF of zeros, which take no space on disk.
func writeGGUF(t *testing.T, f arch.Facts) string {
	t.Helper()
	metadata, err := family.Metadata(f)
	require.NoError(t, err)
	tensors, err := family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	return writeModel(t, metadata, tensors)
}

func writeModel(t *testing.T, metadata []family.KV, tensors []arch.Tensor) string {
	t.Helper()
	var w gguf.Writer
	for _, kv := range metadata {
		w.Set(kv.Key, kv.Value)
	}
	for _, tensor := range tensors {
		typ, err := gguf.ParseType(tensor.Type)
		require.NoError(t, err)
		w.AddTensor(tensor.Name, typ, tensor.Shape...)
	}
	path := filepath.Join(t.TempDir(), "model.gguf")
	require.NoError(t, w.Create(path, nil))
	return path
}

// shape is what a model is, as JSON, without what its source says of itself.
func shape(t *testing.T, f arch.Facts) string {
	t.Helper()
	f.Path, f.Ref, f.ModelType, f.File, f.Tensors, f.Provenance, f.Contradictions = "", "", "", nil, nil, nil, nil
	raw, err := json.MarshalIndent(f, "", " ")
	require.NoError(t, err)
	return string(raw)
}

// asLlamaCpp drops what the format cannot hold: a family's windows that
// llama.cpp's loader does not know, and an unstated context.
func asLlamaCpp(f arch.Facts) arch.Facts {
	if f.ContextLength == 0 {
		f.ContextLength = 4096
	}
	if f.Family == "llama" || f.Family == "phi3" {
		for i := range f.Layers {
			f.Layers[i].Attention.Window = 0
		}
	}
	return f
}

// TestGGUFRoundTrip: what is written of a config reads back as the same facts.
func TestGGUFRoundTrip(t *testing.T) {
	for _, name := range source.Presets() {
		t.Run(name, func(t *testing.T) {
			want := family.KVFaithful(load(t, name))
			got := load(t, writeGGUF(t, want))
			want = asLlamaCpp(want)
			assert.Equal(t, shape(t, want), shape(t, got))
			assert.NotEmpty(t, got.Tensors)
		})
	}
}
