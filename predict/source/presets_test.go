package source_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestPublishedParameterCounts counts the tensors that the facts call for and
// holds them against what the model cards and weight indexes say. A config
// with one wrong size would miss its count.
func TestPublishedParameterCounts(t *testing.T) {
	published := map[string]int64{
		"command-r7b":        8028033024,
		"deepseek-v2-lite":   15706484224,
		"deepseek-v3":        671026419200, // without the multi-token prediction layer
		"gemma-2-9b":         9241705984,
		"gemma-2b":           2506172416,
		"gemma-3-12b":        11765788416 + 64*3840, // language model; the config pads the vocabulary by 64
		"gemma-3-27b":        27009002240 + 64*5376,
		"gpt-oss-20b":        20914757184,
		"granite-3.1-8b":     8170848256,
		"lfm2-1.2b":          1170340608,
		"llama-3.1-405b":     405853388800,
		"llama-3.1-8b":       8030261248,
		"llama-3.2-1b":       1235814400,
		"mamba-codestral-7b": 7285403648,
		"mistral-7b":         7241732096,
		"mixtral-8x7b":       46702792704,
		"olmo-2-7b":          7298617344,
		"phi-3-mini-4k":      3821079552,
		"qwen1.5-moe-a2.7b":  14315784192,
		"qwen2.5-0.5b":       494032768,
		"qwen2.5-14b":        14770033664,
		"qwen3-30b-a3b":      30532122624,
		"qwen3-8b":           8190735360,
		"qwen3-next-80b-a3b": 79674391296, // without the multi-token prediction layer
		"smollm2-135m":       134515008,
		"smollm3-3b":         3075098624,
		"gpt-oss-120b":       116829156672, "qwen3-coder-30b-a3b": 30532122624, "phi-4": 14659507200,
		"mistral-small-3.1-24b": 23572403200, "olmo-3-7b": 7298011136,
		"llama-2-7b": 6738415616, "llama-3.2-3b": 3212749824, "llama-3.1-70b": 70553706496,
		"qwen3-4b": 4022468096, "qwen3-14b": 14768307200, "qwen3-32b": 32762123264,
		"qwen3-235b-a22b": 235093634560,
		"qwen2.5-7b":      7615616512, "qwen2.5-32b": 32763876352, "qwen2.5-72b": 72706203648,
		"gemma-3-1b": 999885952, "gemma-3-4b": 3880099328 + 64*2560, "mistral-nemo-12b": 12247782400,
	}
	for name, want := range published {
		assert.Equal(t, want, parameters(t, load(t, name)), name)
	}
}

// TestPresetFacts keeps every preset's facts and GGUF keys as text.
func TestPresetFacts(t *testing.T) {
	var b strings.Builder
	for _, name := range source.Presets() {
		f := load(t, name)
		metadata, err := family.Metadata(f)
		require.NoError(t, err)
		fmt.Fprintf(&b, "%s (%s, %s): hidden %d, vocab %d, tied %t, %d parameters\n",
			name, f.ModelType, f.Family, f.Hidden, f.Vocab, f.TiedEmbeddings, parameters(t, f))
		for _, line := range layerLines(f) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		for _, kv := range metadata[3:] {
			fmt.Fprintf(&b, "    %s = %s\n", strings.TrimPrefix(kv.Key, f.Family+"."), compact(fmt.Sprint(kv.Value)))
		}
	}
	golden := "testdata/presets.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String(), "run go test -update and read the difference")
}

// layerLines describes each different layer once, with the numbers of the layers like it.
func layerLines(f arch.Facts) []string {
	var kinds []string
	like := map[string][]int{}
	for i, l := range f.Layers {
		kind := describe(l)
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		like[kind] = append(like[kind], i)
	}
	lines := make([]string, len(kinds))
	for i, kind := range kinds {
		lines[i] = fmt.Sprintf("layers %s: %s", compact(fmt.Sprint(like[kind])), kind)
	}
	return lines
}

func describe(l arch.Layer) string {
	var parts []string
	if a := l.Attention; a != nil {
		s := fmt.Sprintf("attention %d/%d × %d/%d", a.Heads, a.KVHeads, a.KeyDim, a.ValueDim)
		if a.Window > 0 {
			s += fmt.Sprintf(" window %d chunked %t", a.Window, a.Chunked)
		}
		if a.SharedFrom != nil {
			s += fmt.Sprintf(" reads layer %d", *a.SharedFrom)
		}
		if a.MLA != nil {
			s += fmt.Sprintf(" latent %+v", *a.MLA)
		}
		parts = append(parts, s+fmt.Sprintf(" sinks %t norms %t bias %t gated %t", a.Sinks, a.QKNorm, a.Bias, a.Gated))
	}
	if l.Recurrent != nil {
		parts = append(parts, fmt.Sprintf("recurrent %+v", *l.Recurrent))
	}
	if ff := l.FeedForward; ff != nil {
		s := fmt.Sprintf("mlp %d gated %t", ff.Intermediate, ff.Gated)
		if ff.Experts != nil {
			s += fmt.Sprintf(" experts %+v", *ff.Experts)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

// compact shortens runs in a printed list: "[0 1 2 3]" to "0…3".
func compact(list string) string {
	fields := strings.Fields(strings.Trim(list, "[]"))
	var out []string
	for i := 0; i < len(fields); {
		j := i
		for j+1 < len(fields) && (fields[j+1] == fields[i] || successor(fields[j], fields[j+1])) {
			j++
		}
		switch {
		case j-i < 2:
			j = i
			out = append(out, fields[i])
		case fields[j] == fields[i]:
			out = append(out, fmt.Sprintf("%s×%d", fields[i], j-i+1))
		default:
			out = append(out, fields[i]+"…"+fields[j])
		}
		i = j + 1
	}
	return strings.Join(out, " ")
}

func successor(a, b string) bool {
	var x, y int
	if _, err := fmt.Sscan(a, &x); err != nil {
		return false
	}
	_, err := fmt.Sscan(b, &y)
	return err == nil && y == x+1
}
