package source_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/source"
)

// TestHubRedirects: files are served by another host, which is told no token.
func TestHubRedirects(t *testing.T) {
	dir := modelFolder(t, t.TempDir(), smallConfig, weights(), true)
	var tokens, ranges []string
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		ranges = append(ranges, r.Header.Get("Range"))
		http.ServeFile(w, r, filepath.Join(dir, filepath.Base(r.URL.Path)))
	}))
	defer files.Close()
	asked := 0
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		asked++
		if rest, moved := strings.CutPrefix(r.URL.Path, "/org/tiny/"); moved { // the model was renamed: the same host
			http.Redirect(w, r, "/new/tiny/"+rest, http.StatusTemporaryRedirect)
			return
		}
		http.Redirect(w, r, files.URL+"/blobs/"+filepath.Base(r.URL.Path), http.StatusFound)
	}))
	defer hub.Close()
	env := map[string]string{"HF_ENDPOINT": hub.URL, "HOME": t.TempDir(), "HF_TOKEN": "secret"}
	f, err := source.Load(t.Context(), "hf:org/tiny", environment(env))
	require.NoError(t, err)
	assert.Len(t, f.Tensors, len(weights()))
	assert.Equal(t, 2*4, asked, "config, index and two shards, each asked for by both names")
	assert.Equal(t, []string{"", "", "", ""}, tokens)
	assert.Equal(t, []string{"", "", "bytes=0-262143", "bytes=0-262143"}, ranges)

	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	}))
	defer endless.Close()
	env["HF_ENDPOINT"] = endless.URL
	_, err = source.Load(t.Context(), "hf:org/tiny", environment(env))
	assert.ErrorContains(t, err, "redirects more than 10 times")
}

// TestHubRefusals: each answer without a file says what to do.
func TestHubRefusals(t *testing.T) {
	for _, c := range []struct {
		status   int
		code     string
		on, want string
	}{
		{http.StatusUnauthorized, "", "config.json", "private, or there is none of this name; set HF_TOKEN"},
		{http.StatusForbidden, "", "config.json", "gated, or the token may not read it; ask for access on its page"},
		{http.StatusUnauthorized, "GatedRepo", "config.json", "ask for access on its page"},
		{http.StatusNotFound, "", "config.json", "check the name"},
		{http.StatusNotFound, "RevisionNotFound", "config.json", `no revision "v2"; leave @v2 out`},
		{http.StatusTooManyRequests, "", "config.json", "again in 30 s; the hub is asked too often; wait"},
		{http.StatusRequestedRangeNotSatisfiable, "", "model.safetensors", "it is damaged, or was replaced"},
		{http.StatusBadGateway, "", "config.json", "502 Bad Gateway; try again later"},
	} {
		t.Run(http.StatusText(c.status)+" "+c.code, func(t *testing.T) {
			hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/api/") { // nor has it GGUFs
					http.NotFound(w, r)
					return
				}
				assert.Contains(t, r.URL.Path, "/org/tiny/resolve/v2/")
				switch filepath.Base(r.URL.Path) {
				case c.on:
					w.Header().Set("X-Error-Code", c.code)
					w.Header().Set("Retry-After", map[int]string{http.StatusTooManyRequests: "30"}[c.status])
					w.WriteHeader(c.status)
				case "config.json":
					_, err := w.Write([]byte(smallConfig))
					assert.NoError(t, err)
				default:
					http.NotFound(w, r)
				}
			}))
			defer hub.Close()
			env := map[string]string{"HF_ENDPOINT": hub.URL, "HOME": t.TempDir()}
			_, err := source.Load(t.Context(), "hf:org/tiny@v2", environment(env))
			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, c.on)
		})
	}
}

// TestHubCacheLayout: snapshots are links into blobs, refs name commits, and
// each of the variables moves the cache.
func TestHubCacheLayout(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	build := func(t *testing.T, cache string) string {
		t.Helper()
		repo := filepath.Join(cache, "models--org--tiny")
		blobs := modelFolder(t, filepath.Join(repo, "blobs"), smallConfig, weights(), false)
		snapshot := filepath.Join(repo, "snapshots", commit)
		require.NoError(t, os.MkdirAll(snapshot, 0o755))
		for _, name := range []string{"config.json", "model.safetensors"} {
			require.NoError(t, os.Rename(filepath.Join(blobs, name), filepath.Join(blobs, "sha-"+name)))
			require.NoError(t, os.Symlink(filepath.Join("..", "..", "blobs", "sha-"+name), filepath.Join(snapshot, name)))
		}
		write(t, filepath.Join(repo, "refs", "main"), commit)
		write(t, filepath.Join(repo, "refs", "refs", "pr", "1"), commit)
		return snapshot
	}
	for name, below := range map[string]string{"HF_HUB_CACHE": "", "HF_HOME": "hub", "XDG_CACHE_HOME": "huggingface/hub",
		"HOME": ".cache/huggingface/hub"} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			snapshot := build(t, filepath.Join(root, below))
			env := map[string]string{name: root, "HF_ENDPOINT": "http://127.0.0.1:1"}
			for _, ref := range []string{"hf:org/tiny", "hf:org/tiny@main", "hf:org/tiny@refs/pr/1", "hf:org/tiny@" + commit} {
				f, err := source.Load(t.Context(), ref, environment(env))
				require.NoError(t, err, ref)
				assert.Equal(t, snapshot, f.Path)
				assert.Equal(t, "org/tiny", f.Name)
				assert.Len(t, f.Tensors, len(weights()))
			}
			_, err := source.Load(t.Context(), "hf:org/tiny@v2", environment(env))
			assert.ErrorContains(t, err, "not in the local cache", "another revision is asked of the hub")
			env["HF_HUB_OFFLINE"] = "1"
			_, err = source.Load(t.Context(), "hf:org/tiny@v2", environment(env))
			assert.ErrorContains(t, err, "HF_HUB_OFFLINE forbids")
		})
	}
}
