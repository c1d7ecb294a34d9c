// Package draw is the one place that draws: charts, their look on light and dark
// ground, and files of them. It does not know what is drawn.
package draw

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

//go:embed draw.css
var css string

// Style is the look of pictures, and the colours of the pages that they stand in.
func Style() template.CSS { return template.CSS(css) }

// nColours is how many series have a colour of their own.
const nColours = 6

// Colour is the class of the i-th series. What colours repeat for, dashes tell.
func Colour(i int) string {
	if i >= nColours {
		return Colour(i%nColours) + " dashed"
	}
	return fmt.Sprintf("c%d", i+1)
}

// drawn is what a picture shows: its size is chartWidth by its height.
type drawn interface {
	name() string
	height() float64
	body(*strings.Builder)
}

// Picture is a chart with what it shows in words.
type Picture struct {
	Title   string
	Chart   drawn
	Legend  []Entry
	Caption string
}

// Entry explains a colour.
type Entry struct{ Class, Label string }

// SVG draws the chart as a part of a page with [Style].
func (p Picture) SVG() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %.0f" role="img"><title>%s</title>`, chartWidth, p.Chart.height(), escaped(p.Chart.name()))
	p.Chart.body(&b)
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) // every text in it went through escaped
}

// The lines of a file around its chart.
const (
	titleHeight = 26.0
	entryHeight = 17.0
	enlarged    = 2
)

// File draws the chart as a file of its own, with its title and legend.
func (p Picture) File() string {
	height := titleHeight + p.Chart.height() + entryHeight*float64(len(p.Legend)) + 6
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %d %.0f" role="img"><title>%s</title>`,
		enlarged*chartWidth, enlarged*height, chartWidth, height, escaped(p.Chart.name()))
	fmt.Fprintf(&b, `<style>%s</style><rect class="ground" width="100%%" height="100%%"/>`, css)
	fmt.Fprintf(&b, `<text class="value" x="8" y="17">%s</text><g transform="translate(0 %g)">`, escaped(p.Title), titleHeight)
	p.Chart.body(&b)
	b.WriteString(`</g>`)
	for i, e := range p.Legend {
		y := titleHeight + p.Chart.height() + entryHeight*(float64(i)+0.6)
		fmt.Fprintf(&b, `<path class="line %s" d="M%.1f %.1fh18"/>`, e.Class, left, y)
		text(&b, left+24, y+4, "start", e.Label)
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// Save writes pictures into dir, which is made if need be, each as the file of its
// name, and returns their paths.
func Save(dir string, pictures map[string]Picture, names ...string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder for plots: %w", err)
	}
	var paths []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(pictures[name].File()), 0o644); err != nil {
			return nil, fmt.Errorf("plot %s: %w", name, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}
