package builder_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/builder"
	"assay/predict/source"
)

// publishedTable reads testdata/tables/NAME.txt: the parameters that mlx-lm
// (0.31.3, of newer presets 0.32.2) gives a model made of the preset's config (tree_flatten of
// Model(ModelArgs.from_dict(config)).parameters()), a line for each name and
// shape, rows first, with the layers that N stands for.
func publishedTable(t *testing.T, name string) table {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "tables", name+".txt"))
	require.NoError(t, err)
	defer file.Close()
	out := table{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		shape := shapeOf(t, fields[1])
		if len(fields) == 2 {
			out[fields[0]] = shape
			continue
		}
		for _, i := range numbers(t, fields[2]) {
			out[strings.Replace(fields[0], "layers.N.", fmt.Sprintf("layers.%d.", i), 1)] = shape
		}
	}
	require.NoError(t, lines.Err())
	return out
}

func shapeOf(t *testing.T, text string) []int64 {
	t.Helper()
	out := []int64{}
	for side := range strings.SplitSeq(text, "x") {
		n, err := strconv.ParseInt(side, 10, 64)
		require.NoError(t, err)
		out = append(out, n)
	}
	return out
}

// numbers reads "0-2,5".
func numbers(t *testing.T, text string) (out []int) {
	t.Helper()
	for part := range strings.SplitSeq(text, ",") {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		a, err := strconv.Atoi(first)
		require.NoError(t, err)
		b, err := strconv.Atoi(last)
		require.NoError(t, err)
		for i := a; i <= b; i++ {
			out = append(out, i)
		}
	}
	return out
}

// onHub serves a config and the header of weights that nobody has to store.
func onHub(t *testing.T, config []byte, w table) arch.Facts {
	t.Helper()
	header, size := headerOf(t, w)
	hub := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch path.Base(r.URL.Path) {
		case "config.json":
			_, _ = out.Write(config)
		case "model.safetensors":
			var from, to int64
			_, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to)
			assert.NoError(t, err)
			to = min(to+1, int64(len(header)))
			out.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, size))
			out.WriteHeader(http.StatusPartialContent)
			_, _ = out.Write(header[min(from, to):to])
		default:
			http.NotFound(out, r)
		}
	}))
	defer hub.Close()
	env := map[string]string{"HF_ENDPOINT": hub.URL, "HOME": t.TempDir()}
	f, err := source.Load(t.Context(), "hf:org/model", source.Options{Env: func(name string) string { return env[name] }})
	require.NoError(t, err)
	return f
}

// padded is what llama.cpp's converter adds: Gemma 3n has embeddings of each layer
// for all but the last 256 tokens; Gemma 4 gets a rotary table of half a head, and
// mlx-lm leaves out what would make keys and values, and the norm of keys, in layers
// that read another's cache.
var padded = map[string]int64{
	"gemma-3n-e4b": 256 * 35 * 256, "gemma-4-31b": 256, "gemma-4-26b-a4b": 256,
	"gemma-4-e2b": 256 + 16*(1536*2*256+256) + 4*(1536*2*512+512),
	"gemma-4-e4b": 256 + 15*(2560*2*512+256) + 3*(2560*2*1024+512),
}

// TestPublishedTables holds every preset's published config against a tensor
// table that somebody else's implementation makes of it: the facts contradict
// no shape, every tensor has a class, and the sums are those of the layout that
// llama.cpp's converter writes.
func TestPublishedTables(t *testing.T) {
	for _, name := range source.Presets() {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("..", "source", "presets", name+".json"))
			require.NoError(t, err)
			var preset struct{ Config json.RawMessage }
			require.NoError(t, json.Unmarshal(raw, &preset))
			w := publishedTable(t, name)
			f := onHub(t, preset.Config, w)
			assert.Empty(t, f.Contradictions)
			assert.Empty(t, f.Unknown)

			m := build(t, f, builder.Options{})
			assert.Empty(t, m.Discrepancies())
			assert.Empty(t, m.Gaps)
			var sum int64
			for _, shape := range w {
				n := int64(1)
				for _, d := range shape {
					n *= d
				}
				sum += n
			}
			assert.Equal(t, sum, m.Params)
			f.Tensors = nil
			layout := sums(build(t, f, builder.Options{}))
			layout[0], layout[1] = layout[0]-padded[name], layout[1]-padded[name]
			assert.Equal(t, layout, sums(m), "parameters, active, operations, cache")
		})
	}
}

// headerOf is a safetensors header of bf16 tensors, and the size of the file
// that it would head.
func headerOf(t *testing.T, w table) ([]byte, int64) {
	t.Helper()
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int64  `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	entries, at := map[string]entry{}, int64(0)
	for _, name := range slices.Sorted(maps.Keys(w)) {
		size := int64(2)
		for _, d := range w[name] {
			size *= d
		}
		entries[name] = entry{"BF16", w[name], [2]int64{at, at + size}}
		at += size
	}
	text, err := json.Marshal(entries)
	require.NoError(t, err)
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(head, text...), int64(len(head)+len(text)) + at
}
