package published

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	presets "assay/predict/source"
)

// A shape that says it is a preset's is that preset's, and every shape says how it
// is known.
func TestShapesAreThePresetsTheyName(t *testing.T) {
	for name, s := range shapes() {
		preset, ok := strings.CutPrefix(s.Known, "preset ")
		if !ok {
			assert.Contains(t, []string{"copy", "part", "general"}, s.Known, name)
			continue
		}
		f, err := presets.Load(t.Context(), "preset:"+preset, presets.Options{})
		require.NoError(t, err, name)
		want := shapeOf(f)
		// Gemma 3 pads its vocabulary by 64 in the config.
		assert.InDelta(t, want.Vocab, s.Vocab, 64, "%s: vocabulary", name)
		want.Vocab = s.Vocab
		got := s
		got.Name, got.Arch, got.Params, got.Known, got.KV, got.ExpertsMatrix = "", "", 0, "", 0, 0
		assert.Equal(t, want, got, name)
	}
}

// shapeOf are the columns that facts give.
func shapeOf(f arch.Facts) shape {
	s := shape{Hidden: float64(f.Hidden), Vocab: float64(f.Vocab), Tied: f.TiedEmbeddings, Layers: float64(len(f.Layers))}
	for _, l := range f.Layers {
		switch a := l.Attention; {
		case a == nil:
			s.Recurrent++
		case a.Window > 0:
			s.Windowed++
			s.Window = float64(a.Window)
			s.WHeads, s.WKVHeads, s.WHeadDim = float64(a.Heads), float64(a.KVHeads), float64(a.KeyDim)
		default:
			s.Full++
			s.Heads, s.KVHeads, s.HeadDim = float64(a.Heads), float64(a.KVHeads), float64(a.KeyDim)
		}
		if l.FeedForward != nil && l.FeedForward.Experts != nil {
			e := l.FeedForward.Experts
			s.ExpertLayers++
			s.Experts, s.Used, s.ExpertWidth = float64(e.Count), float64(e.Used), float64(e.Intermediate)
		}
	}
	return s
}
