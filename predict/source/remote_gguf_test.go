package source_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	family "assay/predict/family/llamacpp"
	"assay/predict/source"
)

// ggufHub serves files as a hub does one repository of GGUFs, and notes the ranges of
// the files that it was asked for.
func ggufHub(t *testing.T, files map[string]string, asked *[]string) map[string]string {
	t.Helper()
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/models/org/toy-GGUF/revision/main" {
			type sibling struct {
				Name string `json:"rfilename"`
			}
			var all []sibling
			for name := range files {
				all = append(all, sibling{name})
			}
			assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"siblings": all}))
			return
		}
		path := files[strings.TrimPrefix(r.URL.Path, "/org/toy-GGUF/resolve/main/")]
		if path == "" {
			http.NotFound(w, r)
			return
		}
		*asked = append(*asked, r.Header.Get("Range"))
		http.ServeFile(w, r, path)
	}))
	t.Cleanup(hub.Close)
	return map[string]string{"HF_ENDPOINT": hub.URL, "HOME": t.TempDir()}
}

// A GGUF on a hub is read by its header, in a few ranges however long its vocabulary
// is, and is what the same file is here.
func TestGGUFOnAHub(t *testing.T) {
	facts := family.KVFaithful(load(t, "llama-3.1-8b"))
	metadata, err := family.Metadata(facts)
	require.NoError(t, err)
	words := make([]string, 300_000)
	for i := range words {
		words[i] = "a word of a vocabulary"
	}
	metadata = append(metadata, family.KV{Key: "tokenizer.ggml.tokens", Value: words})
	tensors, err := family.Tensors(facts, family.TypePlan{})
	require.NoError(t, err)
	small, large := writeGGUF(t, family.KVFaithful(load(t, "qwen2.5-0.5b"))), writeModel(t, metadata, tensors)
	want, err := source.Load(t.Context(), large, source.Options{})
	require.NoError(t, err)

	var asked []string
	env := ggufHub(t, map[string]string{"toy-Q4_K_M.gguf": large, "sub dir/toy-Q8_0.gguf": small, "mmproj-F16.gguf": small,
		"README.md": small}, &asked)
	got, err := source.Load(t.Context(), "hf:org/toy-GGUF:q4_k_m", environment(env))
	require.NoError(t, err)
	assert.Equal(t, shape(t, want), shape(t, got))
	assert.Equal(t, want.File, got.File, "the same header")
	assert.Len(t, got.Tensors, len(want.Tensors))
	assert.Empty(t, got.Path, "it is not here")
	assert.LessOrEqual(t, len(asked), 6, "%s", asked)
	assert.Equal(t, "bytes=0-262143", asked[0])

	got, err = source.Load(t.Context(), "hf:org/toy-GGUF:Q8_0", environment(env))
	require.NoError(t, err)
	assert.Equal(t, "qwen2", got.Family)

	// What cannot be read says what to write.
	for ref, want := range map[string]string{
		"hf:org/toy-GGUF":       "has 2 models: write hf:org/toy-GGUF:Q8_0 or :Q4_K_M",
		"hf:org/toy-GGUF:IQ1_S": "has no IQ1_S, but Q8_0, Q4_K_M",
	} {
		_, err := source.Load(t.Context(), ref, environment(env))
		assert.ErrorContains(t, err, want, ref)
	}
	_, err = source.Load(t.Context(), "hf:org/toy-GGUF:Q4_0", environment(ggufHub(t, map[string]string{"config.json": small}, &asked)))
	assert.ErrorContains(t, err, "has no .gguf on")
	only := environment(ggufHub(t, map[string]string{"toy.gguf": small}, &asked))
	got, err = source.Load(t.Context(), "hf:org/toy-GGUF", only)
	require.NoError(t, err, "the only one needs no name")
	assert.Equal(t, "qwen2", got.Family)

	text, err := os.ReadFile(small)
	require.NoError(t, err)
	cut := filepath.Join(t.TempDir(), "cut.gguf")
	require.NoError(t, os.WriteFile(cut, text[:600], 0o644))
	_, err = source.Load(t.Context(), "hf:org/toy-GGUF:Q4_0", environment(ggufHub(t, map[string]string{"toy-Q4_0.gguf": cut}, &asked)))
	assert.ErrorContains(t, err, "toy-Q4_0.gguf")
}

// A hub that says nothing is not waited for without end.
func TestGGUFOnAHubThatIsSilent(t *testing.T) {
	done := make(chan struct{})
	hub := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	defer hub.Close()
	defer close(done)
	opt := environment(map[string]string{"HF_ENDPOINT": hub.URL, "HOME": t.TempDir()})
	opt.HTTP = &http.Client{Timeout: 50 * time.Millisecond}
	_, err := source.Load(t.Context(), "hf:org/toy-GGUF:Q4_K_M", opt)
	assert.ErrorContains(t, err, "set HF_ENDPOINT to a hub in reach")
	opt = environment(map[string]string{"HF_ENDPOINT": hub.URL, "HOME": t.TempDir(), "HF_HUB_OFFLINE": "1"})
	_, err = source.Load(t.Context(), "hf:org/toy-GGUF:Q4_K_M", opt)
	assert.ErrorContains(t, err, "HF_HUB_OFFLINE forbids asking the hub")
}
