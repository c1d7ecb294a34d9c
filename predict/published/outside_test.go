package published

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/machines"
	"assay/predict/table"
)

// missed is how far predictions were off, as shares, and how many of the figures lay in
// their interval.
type missed struct {
	off    []float64
	inside int
}

// Figures that the fit has none of (some projects are in it with other machines),
// predicted as anybody's question is: by the chip, with today's runtime.
func TestFiguresFromOutside(t *testing.T) {
	text, err := os.ReadFile("testdata/outside.csv")
	require.NoError(t, err)
	outside, err := table.Read[Figure](string(text))
	require.NoError(t, err)
	fit := map[string]bool{}
	for _, f := range figures() {
		fit[sameFigure(f)] = true
	}
	groups := map[string]*missed{}
	for _, f := range outside {
		assert.False(t, fit[sameFigure(f)], "%s: the fit has it: %s", f.Source, sameFigure(f))
		o := observation{Figure: f, shape: shapes()[f.Model]}
		require.NotZero(t, o.shape.Layers, f.Model)
		chip, err := f.chip()
		require.NoError(t, err)
		mac, err := New(machines.Machine{Chip: chip}, Setting{Runtime: f.Runtime, Server: f.Setup.has("server")})
		require.NoError(t, err)
		p, err := mac.Predict(o.kind(), f.work(o.shape))
		require.NoError(t, err)
		speed := p.TokensPerSecond
		for _, name := range []string{o.kind(), o.kind() + " " + f.Runtime, o.kind() + " " + f.Runtime + " " + f.Source} {
			g := groups[name]
			if g == nil {
				g = &missed{}
				groups[name] = g
			}
			g.off = append(g.off, math.Abs(speed.Value/f.Speed-1))
			if speed.Lo <= f.Speed && f.Speed <= speed.Hi {
				g.inside++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		t.Logf("%-42s %3d figures, median %5.1f %%, %3d inside the interval", name, len(g.off), 100*median(g.off), g.inside)
	}
	for _, kind := range []string{"decode", "prefill"} {
		g := groups[kind]
		assert.Less(t, median(g.off), 0.08, kind)
		assert.Greater(t, float64(g.inside)/float64(len(g.off)), 0.9, kind)
	}
}

// sameFigure is equal for two figures of one work on one chip to a tenth of a token.
func sameFigure(f Figure) string {
	return fmt.Sprintf("%s on %s, %s %s %s%.0f: %.1f", f.Runtime, f.Chip, f.Model, f.Weights, f.Test, f.tokens(), f.Speed)
}
