package source_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/source"
)

// homeWith is a user's home with these files, each of a hundred bytes.
func homeWith(t *testing.T, names ...string) source.Options {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, make([]byte, 100), 0o644))
	}
	t.Chdir(dir)
	return source.Options{Env: func(name string) string {
		return map[string]string{"HOME": dir, "HF_ENDPOINT": "http://127.0.0.1:1"}[name]
	}}
}

const hubFiles = ".cache/huggingface/hub/models--acme--toy-GGUF/snapshots/1/"

// Every tool's folder is looked into: quantisations apart, shards as one, projectors not.
func TestHere(t *testing.T) {
	opt := homeWith(t,
		hubFiles+"toy-Q4_K_M.gguf", hubFiles+"toy-UD-Q2_K_XL.gguf", hubFiles+"mmproj-toy-f16.gguf",
		hubFiles+"big/toy-BF16-00001-of-00002.gguf", hubFiles+"big/toy-BF16-00002-of-00002.gguf",
		".cache/huggingface/hub/models--acme--one-GGUF/snapshots/1/one.gguf",
		".cache/huggingface/hub/models--mlx-community--toy-4bit/snapshots/1/config.json",
		".cache/huggingface/hub/models--mlx-community--toy-4bit/snapshots/1/model.safetensors",
		".cache/huggingface/hub/models--acme--only-config/snapshots/1/config.json",
		".lmstudio/models/acme/studio/studio-Q8_0.gguf",
		".cache/llama.cpp/acme_cached.gguf",
		"here.gguf",
	)
	type found struct {
		ref, where string
		bytes      int64
	}
	var got []found
	for _, m := range source.Here(opt) {
		ref := m.Ref
		if filepath.IsAbs(ref) {
			ref = filepath.Base(ref)
		}
		got = append(got, found{ref, m.Where, m.Bytes})
	}
	assert.ElementsMatch(t, []found{
		{"hf:acme/toy-GGUF:BF16", "hub cache", 200}, {"hf:acme/toy-GGUF:Q4_K_M", "hub cache", 100},
		{"hf:acme/toy-GGUF:UD-Q2_K_XL", "hub cache", 100},
		{"hf:acme/one-GGUF", "hub cache", 100}, {"hf:mlx-community/toy-4bit", "hub cache", 100},
		{"studio-Q8_0.gguf", "LM Studio", 100}, {"acme_cached.gguf", "llama.cpp", 100}, {"here.gguf", "this folder", 100},
	}, got)
}

// The path of a reference says which runtime's format it is.
func TestPath(t *testing.T) {
	opt := homeWith(t, hubFiles+"toy-Q4_0.gguf", hubFiles+"toy-Q8_0.gguf", "a/x.gguf")
	for ref, want := range map[string]string{
		"a/x.gguf": "x.gguf", "hf:acme/toy-GGUF:Q8_0": "toy-Q8_0.gguf", "acme/toy-GGUF:q4_0": "toy-Q4_0.gguf", "hf:acme/toy-GGUF": "1",
		"preset:x": "preset:x", "hf:acme/other": "other", "nosuch": "nosuch",
	} {
		assert.Equal(t, want, filepath.Base(source.Path(ref, opt)), ref)
	}
}

// What a reference may mean is said in one sentence.
func TestReferencesIntoTheCache(t *testing.T) {
	opt := homeWith(t, hubFiles+"toy-Q4_0.gguf", hubFiles+"toy-Q8_0.gguf", "a/x.gguf", "a/y.gguf", "b/readme.txt")
	for ref, want := range map[string]string{
		"hf:acme/toy-GGUF":                      "hf:acme/toy-GGUF has 2 models: write hf:acme/toy-GGUF:Q4_0 or :Q8_0",
		"acme/toy-GGUF":                         "hf:acme/toy-GGUF has 2 models: write hf:acme/toy-GGUF:Q4_0 or :Q8_0",
		"https://huggingface.co/acme/toy-GGUF":  "hf:acme/toy-GGUF has 2 models",
		"https://huggingface.co/acme/toy-GGUF/": "hf:acme/toy-GGUF has 2 models",
		"hf:acme/toy-GGUF:Q5_0":                 "hf:acme/toy-GGUF has no Q5_0, but Q4_0, Q8_0",
		"hf:acme/toy-GGUF:q4_0":                 "toy-Q4_0.gguf", // found, and is no GGUF
		"acme/toy-GGUF:Q8_0":                    "toy-Q8_0.gguf",
		"hf:acme/other:Q4_0":                    "the model is not in the local cache either: download it, or set HF_ENDPOINT",
		"acme/other":                            "no such file or preset, and no model of the hub's cache; hf:acme/other asks the hub",
		"hf:acme":                               "is no model on a hub; write hf:ORG/NAME",
		"a":                                     "has 2 models; name one: a/x.gguf or a/y.gguf",
		"b":                                     "holds neither config.json nor exactly one .gguf",
		"a/z.gguf":                              "there is no such file; its folder has a/x.gguf, a/y.gguf",
		"b/z.gguf":                              "there is no such file, and no .gguf in its folder",
	} {
		_, err := source.Load(t.Context(), ref, opt)
		assert.ErrorContains(t, err, want, ref)
	}
}
