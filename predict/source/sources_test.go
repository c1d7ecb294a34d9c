package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/safetensors"
	"assay/predict/source"
)

// smallConfig is a small model of the llama type whose head dimension is not
// hidden ÷ heads.
const smallConfig = `{"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
 "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 128, "tie_word_embeddings": false}`

// weights are smallConfig's tensors by name, rows first.
func weights() map[string][]int64 {
	out := map[string][]int64{
		"model.embed_tokens.weight": {128, 64}, "model.norm.weight": {64}, "lm_head.weight": {128, 64},
	}
	for i := range 2 {
		layer := fmt.Sprintf("model.layers.%d.", i)
		out[layer+"self_attn.q_proj.weight"] = []int64{128, 64}
		out[layer+"self_attn.k_proj.weight"] = []int64{64, 64}
		out[layer+"self_attn.v_proj.weight"] = []int64{64, 64}
		out[layer+"self_attn.o_proj.weight"] = []int64{64, 128}
		out[layer+"mlp.gate_proj.weight"] = []int64{96, 64}
		out[layer+"mlp.up_proj.weight"] = []int64{96, 64}
		out[layer+"mlp.down_proj.weight"] = []int64{64, 96}
	}
	return out
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

// modelFolder writes a Hugging Face folder, in one file or in two shards.
func modelFolder(t *testing.T, dir, config string, tensors map[string][]int64, sharded bool) string {
	t.Helper()
	write(t, filepath.Join(dir, "config.json"), config)
	files := map[string]*safetensors.Writer{}
	index := map[string]string{}
	for name, shape := range tensors {
		file := "model.safetensors"
		if sharded {
			file = "model-00001-of-00002.safetensors"
			if strings.Contains(name, "layers.1.") {
				file = "model-00002-of-00002.safetensors"
			}
		}
		if files[file] == nil {
			files[file] = &safetensors.Writer{}
		}
		files[file].Add(name, safetensors.BF16, shape...)
		index[name] = file
	}
	for file, w := range files {
		require.NoError(t, w.Create(filepath.Join(dir, file), nil))
	}
	if sharded {
		raw, err := json.Marshal(map[string]any{"weight_map": index})
		require.NoError(t, err)
		write(t, filepath.Join(dir, "model.safetensors.index.json"), string(raw))
	}
	return dir
}

func TestFolderWithWeights(t *testing.T) {
	for _, sharded := range []bool{false, true} {
		dir := modelFolder(t, filepath.Join(t.TempDir(), "tiny"), smallConfig, weights(), sharded)
		f := load(t, dir)
		assert.Empty(t, f.Contradictions)
		assert.Equal(t, dir, f.Path)
		assert.Equal(t, "tiny", f.Name)
		assert.Len(t, f.Tensors, len(weights()))
		assert.Contains(t, f.Provenance["attention.kv_heads"].Detail, "num_key_value_heads")
		assert.Contains(t, f.Provenance["attention.kv_heads"].Detail, "the tensor shapes agree")
	}
}

// TestContradictions plants one wrong key at a time beside weights that say
// otherwise; the clean folder above is the control.
func TestContradictions(t *testing.T) {
	for _, planted := range []struct{ from, to, field, kept, dropped string }{
		{`"head_dim": 32`, `"head_dim": 16`, "attention.key_dim", "32", "16"},
		{`"num_key_value_heads": 2`, `"num_key_value_heads": 4`, "attention.kv_heads", "2", "4"},
		{`"intermediate_size": 96`, `"intermediate_size": 128`, "feed_forward.intermediate", "96", "128"},
		{`"vocab_size": 128`, `"vocab_size": 120`, "vocab", "128", "120"},
		{`"hidden_size": 64`, `"hidden_size": 32`, "hidden", "64", "32"},
	} {
		t.Run(planted.field, func(t *testing.T) {
			config := strings.Replace(smallConfig, planted.from, planted.to, 1)
			f := load(t, modelFolder(t, t.TempDir(), config, weights(), false))
			require.Len(t, f.Contradictions, 1, "%v", f.Contradictions)
			got := f.Contradictions[0]
			assert.Equal(t, planted.field, got.Field)
			assert.Equal(t, planted.kept, got.Kept)
			assert.Equal(t, planted.dropped, got.Dropped)
			assert.Contains(t, got.DropBy, "config.json")
			assert.Contains(t, got.KeptBy, "safetensors")
			assert.NotEmpty(t, got.Why)
			assert.Equal(t, arch.FromTensors, f.Provenance[planted.field].Origin)
			assert.Equal(t, int64(32), f.Layers[1].Attention.KeyDim)
			assert.Equal(t, int64(2), f.Layers[1].Attention.KVHeads)
		})
	}
}

func TestTiedEmbeddings(t *testing.T) {
	headless := weights()
	delete(headless, "lm_head.weight")
	f := load(t, modelFolder(t, t.TempDir(), smallConfig, headless, false))
	assert.True(t, f.TiedEmbeddings)
	require.Len(t, f.Contradictions, 1)
	assert.Equal(t, "tied_embeddings", f.Contradictions[0].Field)

	tied := strings.Replace(smallConfig, `"tie_word_embeddings": false`, `"tie_word_embeddings": true`, 1)
	f = load(t, modelFolder(t, t.TempDir(), tied, weights(), false))
	assert.True(t, f.TiedEmbeddings, "runtimes tie them whatever the file holds")
	assert.Len(t, f.Contradictions, 1)
	assert.Empty(t, load(t, modelFolder(t, t.TempDir(), tied, headless, false)).Contradictions)
}

// environment hides the machine's own caches and hub from a test.
func environment(vars map[string]string) source.Options {
	return source.Options{Env: func(name string) string { return vars[name] }}
}

func TestHubOverRanges(t *testing.T) {
	dir := modelFolder(t, t.TempDir(), smallConfig, weights(), true)
	var served atomic.Int64
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "gated", http.StatusUnauthorized)
			return
		}
		file, ok := strings.CutPrefix(r.URL.Path, "/org/tiny/resolve/main/")
		if !ok {
			http.NotFound(w, r)
			return
		}
		if strings.HasSuffix(file, ".safetensors") {
			assert.NotEmpty(t, r.Header.Get("Range"), "weights are read in ranges")
			served.Add(1)
		}
		http.ServeFile(w, r, filepath.Join(dir, file))
	}))
	defer hub.Close()
	env := map[string]string{"HF_ENDPOINT": hub.URL + "/", "HF_HOME": t.TempDir(), "HF_TOKEN": "secret"}

	f, err := source.Load(t.Context(), "hf:org/tiny", environment(env))
	require.NoError(t, err)
	assert.Equal(t, "org/tiny", f.Name)
	assert.Len(t, f.Tensors, len(weights()))
	assert.Empty(t, f.Path, "no weights are here")
	assert.Empty(t, f.Contradictions)
	assert.Equal(t, int64(2), served.Load(), "one range request a shard")

	_, err = source.Load(t.Context(), "hf:org/absent", environment(env))
	assert.ErrorContains(t, err, "check the name")
	delete(env, "HF_TOKEN")
	_, err = source.Load(t.Context(), "hf:org/tiny", environment(env))
	assert.ErrorContains(t, err, "set HF_TOKEN")
}

func TestHubWithoutRanges(t *testing.T) {
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch filepath.Base(r.URL.Path) {
		case "config.json":
			_, err := w.Write([]byte(smallConfig))
			assert.NoError(t, err)
		case "model.safetensors":
			_, err := w.Write(make([]byte, 1000))
			assert.NoError(t, err)
		default:
			http.NotFound(w, r)
		}
	}))
	defer hub.Close()
	_, err := source.Load(t.Context(), "hf:org/tiny", environment(map[string]string{"HF_ENDPOINT": hub.URL, "HOME": t.TempDir()}))
	assert.ErrorContains(t, err, "does not serve ranges")
}

// TestHubCache: what was downloaded is read, and no hub is asked.
func TestHubCache(t *testing.T) {
	home := t.TempDir()
	repo := filepath.Join(home, "hub", "models--org--tiny")
	modelFolder(t, filepath.Join(repo, "snapshots", "aaa"), smallConfig, weights(), false)
	env := map[string]string{"HF_HOME": home, "HF_ENDPOINT": "http://127.0.0.1:1"}
	f, err := source.Load(t.Context(), "hf:org/tiny", environment(env))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(repo, "snapshots", "aaa"), f.Path)

	newer := strings.Replace(smallConfig, `"num_hidden_layers": 2`, `"num_hidden_layers": 1`, 1)
	modelFolder(t, filepath.Join(repo, "snapshots", "bbb"), newer, weights(), false)
	_, err = source.Load(t.Context(), "hf:org/tiny", environment(env))
	assert.ErrorContains(t, err, "no refs/main says which")
	write(t, filepath.Join(repo, "refs", "main"), "bbb\n")
	f, err = source.Load(t.Context(), "hf:org/tiny", environment(env))
	require.NoError(t, err)
	assert.Len(t, f.Layers, 1)

	_, err = source.Load(t.Context(), "hf:../../etc/passwd", environment(env))
	assert.ErrorContains(t, err, "write hf:ORG/NAME")
}

func TestOllama(t *testing.T) {
	root := t.TempDir()
	blob := writeGGUF(t, family.KVFaithful(load(t, "smollm2-135m")))
	digest := strings.Repeat("ab", 32)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "blobs"), 0o755))
	require.NoError(t, os.Rename(blob, filepath.Join(root, "blobs", "sha256-"+digest)))
	manifest := `{"layers": [{"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:00"},
	  {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:` + digest + `"}]}`
	write(t, filepath.Join(root, "manifests", "registry.example", "library", "smol", "latest"), manifest)
	write(t, filepath.Join(root, "manifests", "registry.example", "me", "bad", "v1"), `{"layers": [
	  {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../etc/passwd"}]}`)
	opt := environment(map[string]string{"OLLAMA_MODELS": root})

	f, err := source.Load(t.Context(), "ollama:smol", opt)
	require.NoError(t, err)
	assert.Len(t, f.Layers, 30)
	assert.Equal(t, filepath.Join(root, "blobs", "sha256-"+digest), f.Path)
	for ref, want := range map[string]string{
		"ollama:smol:8b":     "pull the model with ollama",
		"ollama:me/bad:v1":   "is no sha256",
		"ollama:../x":        "is no Ollama name",
		"ollama:a/b/c/d:e:f": "is no Ollama name",
	} {
		_, err := source.Load(t.Context(), ref, opt)
		assert.ErrorContains(t, err, want, ref)
	}
}

func TestCustomArchitecture(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mine.yaml"), "name: mine\nlike: gemma-3-12b\nnum_hidden_layers: 12 # fewer\nsliding_window_pattern: 4\n")
	f := load(t, filepath.Join(dir, "mine.yaml"))
	assert.Equal(t, "mine", f.Name)
	assert.Equal(t, "gemma3", f.Family)
	require.Len(t, f.Layers, 12)
	assert.Equal(t, int64(3840), f.Hidden)
	assert.Zero(t, f.Layers[3].Attention.Window)
	assert.Equal(t, int64(1024), f.Layers[4].Attention.Window)
	assert.Equal(t, arch.FromFile, f.Provenance["layers"].Origin)

	write(t, filepath.Join(dir, "none.yaml"), "like: gemma-4-12b\n")
	_, err := source.Load(t.Context(), filepath.Join(dir, "none.yaml"), source.Options{})
	assert.ErrorContains(t, err, "no preset is called")
	write(t, filepath.Join(dir, "list.yaml"), "- 1\n- 2\n")
	_, err = source.Load(t.Context(), filepath.Join(dir, "list.yaml"), source.Options{})
	assert.ErrorContains(t, err, "write one key of a config.json a line")
}

// TestUnknownModelType: what can be read is read, what cannot is named.
func TestUnknownModelType(t *testing.T) {
	config := strings.Replace(smallConfig, `"llama"`, `"novel", "mamba_d_state": 16`, 1)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "config.json"), config)
	f := load(t, dir)
	assert.Empty(t, f.Family)
	assert.Equal(t, "novel", f.ModelType)
	assert.Equal(t, int64(32), f.Layers[0].Attention.KeyDim)
	assert.Contains(t, strings.Join(f.Unknown, "\n"), "mamba_d_state")
	assert.Contains(t, strings.Join(f.Unknown, "\n"), "gated")
	_, err := family.Tensors(f, family.TypePlan{})
	assert.ErrorContains(t, err, `"novel"`)

	ungated := weights()
	for i := range 2 {
		delete(ungated, fmt.Sprintf("model.layers.%d.mlp.gate_proj.weight", i))
	}
	f = load(t, modelFolder(t, t.TempDir(), config, ungated, false))
	assert.False(t, f.Layers[0].FeedForward.Gated, "the weights say what the config does not")
}

func TestUnreachable(t *testing.T) {
	offline := environment(map[string]string{"HF_ENDPOINT": "http://127.0.0.1:1", "HOME": t.TempDir()})
	for ref, want := range map[string]string{
		"hf:org/tiny":        "download it, or set HF_ENDPOINT",
		"preset:gemma-9":     "presets like it are gemma-2-9b, gemma-2b, gemma-3-12b",
		"llama-9":            "presets like it are llama-2-7b, llama-3.1-405b",
		t.TempDir():          "holds neither config.json nor exactly one .gguf",
		"preset:nobody-hasA": "presets are command-r7b, deepseek-v2-lite, falcon-h1-7b",
		"/dev/null":          "is no regular file",
	} {
		_, err := source.Load(t.Context(), ref, offline)
		assert.ErrorContains(t, err, want, ref)
	}
}
