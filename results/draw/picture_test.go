package draw_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"assay/results/draw"
)

// No axis has a number with an exponent, however large or small its numbers are.
func TestNumbersAreWrittenAsPeopleDo(t *testing.T) {
	for _, logarithmic := range []bool{false, true} {
		for _, most := range []float64{0.001, 1, 5e4, 3e6, 7e11} {
			paths, err := draw.Save(t.TempDir(), []draw.Picture{{Name: "x.svg", Draw: func(p *plot.Plot) error {
				if logarithmic {
					draw.Logarithmic(p)
				}
				line, err := plotter.NewLine(plotter.XYs{{X: most / 900, Y: most / 900}, {X: most, Y: most}})
				p.Add(line)
				return err
			}}})
			require.NoError(t, err)
			text, err := os.ReadFile(paths[0])
			require.NoError(t, err)
			labels := regexp.MustCompile(`>([^<>]*)</text>`).FindAllSubmatch(text, -1)
			assert.NotEmpty(t, labels)
			for _, l := range labels {
				assert.NotRegexp(t, `[0-9]e[+-]?[0-9]`, string(l[1]))
			}
		}
	}
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 20000: "20000", -2e6: "-2 M", 1.5e12: "1.5 T"} {
		assert.Equal(t, want, draw.Plain(v))
	}
}
