package draw_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results/draw"
	"assay/results/figure"
)

// No axis has a number with an exponent, however large or small its numbers are; its
// ends are ticks, and hold what is drawn.
func TestNumbersAreWrittenAsPeopleDo(t *testing.T) {
	for _, of := range []func(lo, hi float64, n int, base float64) draw.Scale{draw.Linear, draw.Logarithmic} {
		for _, most := range []float64{0.001, 0.02, 1, 3, 5e4, 3e6, 7e11} {
			for _, span := range []float64{1, 1.5, 20, 900, 5e4} {
				s := of(most/span, most, 5, 10)
				require.GreaterOrEqual(t, len(s.Ticks), 2, "%v %v", most, span)
				assert.LessOrEqual(t, len(s.Ticks), 11, "%v %v", most, span)
				assert.LessOrEqual(t, s.Lo, most/span*(1+1e-9))
				assert.GreaterOrEqual(t, s.Hi, most*(1-1e-9))
				assert.IsIncreasing(t, s.Ticks)
				text := files(t, draw.Picture{Title: "x", Chart: draw.Chart{X: s, Y: s, XLabel: figure.Count, YLabel: figure.Short, Marks: []draw.Mark{
					{Kind: draw.Line, Class: draw.Colour(0), Points: []draw.Point{{X: most / span, Y: most / span}, {X: most, Y: most}}},
				}}})
				labels := regexp.MustCompile(`>([^<>]*)</text>`).FindAllStringSubmatch(text, -1)
				assert.NotEmpty(t, labels)
				for _, l := range labels {
					assert.NotRegexp(t, `[0-9]e[+-]?[0-9]`, l[1])
				}
				assert.NotContains(t, text, "NaN")
			}
		}
	}
}

// A file is one XML document with its look in it, whatever its texts are.
func TestFilesAreWhole(t *testing.T) {
	hostile := "a<b>&\x1b\"]]>"
	x := draw.Linear(0, 3, 4, 10)
	for _, chart := range []draw.Picture{
		{Chart: draw.Groups{Title: hostile, X: x, XLabel: figure.Count, Groups: []draw.Group{
			{Label: hostile, Bars: []draw.Bar{{Class: draw.Colour(0), Value: 2, Lo: 1, Hi: 3, Text: hostile}, {Class: draw.Colour(7), Text: "0"}}},
		}}},
		{Chart: draw.Rows{Title: hostile, X: x, XLabel: figure.Count, Rows: []draw.Row{{Label: hostile, Predicted: &draw.Point{X: 1}}}}},
		{Chart: draw.Chart{Title: hostile, X: x, Y: x, XLabel: figure.Count, YLabel: figure.Count, Marks: []draw.Mark{
			{Kind: draw.Labels, Points: []draw.Point{{Note: hostile}}}, {Kind: draw.Bars}, {Kind: draw.Vertical, Points: []draw.Point{{X: 1}}},
		}}},
	} {
		chart.Title, chart.Legend = hostile, []draw.Entry{{Class: draw.Colour(1), Label: hostile}}
		text := files(t, chart)
		for dec := xml.NewDecoder(strings.NewReader(text)); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if !assert.NoError(t, err, text) {
				break
			}
		}
		assert.Contains(t, text, "prefers-color-scheme: dark")
	}
}

// files is what Save writes of a picture.
func files(t *testing.T, p draw.Picture) string {
	paths, err := draw.Save(t.TempDir(), map[string]draw.Picture{"x.svg": p}, "x.svg")
	require.NoError(t, err)
	text, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	return string(text)
}
