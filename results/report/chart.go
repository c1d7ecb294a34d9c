package report

import (
	"fmt"
	"html/template"
	"strings"

	"assay/results"
)

// maxNotes is how many may say their figure under a pointer.
const maxNotes = 200

// A chart is drawn 400 units wide, the width of a phone; a wider screen shows
// several beside each other. Colours are classes of the page's style sheet,
// so that a chart is right on light and dark ground.
const (
	chartWidth  = 400
	chartHeight = 220
)

// chart is one picture with two axes.
type chart struct {
	title          string // for readers who do not see it
	x, y           scale
	xName, yName   string
	xLabel, yLabel func(float64) string
	marks          []mark
}

// mark is one thing in a chart: a line through points, points alone, their
// notes as text, a bar for each, or a line across. class is its colour.
type mark struct {
	kind   markKind
	class  string
	points []point
}

type markKind int

const (
	line markKind = iota
	dots
	labels
	bars
	vertical
)

// point is a value, the interval around it if lo < hi, and what is shown when
// a pointer rests on it.
type point struct {
	x, y, lo, hi float64
	note         string
}

// margins of the area between the axes, and how far its ends lie inside it.
const left, right, top, bottom, inset = 62.0, 10.0, 26.0, 36.0, 7.0

func (c chart) px(v float64) float64 {
	return left + inset + c.x.at(v)*(chartWidth-left-right-2*inset)
}
func (c chart) py(v float64) float64 {
	return chartHeight - bottom - c.y.at(v)*(chartHeight-top-bottom)
}

// svg draws the chart.
func (c chart) svg() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img"><title>%s</title>`, chartWidth, chartHeight, escaped(c.title))
	for _, t := range c.y.ticks {
		y := c.py(t)
		fmt.Fprintf(&b, `<path class="grid" d="M%.1f %.1fH%.1f"/>`, left, y, chartWidth-right)
		text(&b, left-6, y+4, "end", c.yLabel(t))
	}
	for i, t := range c.x.ticks {
		anchor := "middle"
		if i == len(c.x.ticks)-1 && len(c.xLabel(t)) > 4 {
			anchor = "end"
		}
		fmt.Fprintf(&b, `<path class="axis" d="M%.1f %.1fv4"/>`, c.px(t), chartHeight-bottom)
		text(&b, c.px(t), chartHeight-bottom+16, anchor, c.xLabel(t))
	}
	fmt.Fprintf(&b, `<path class="axis" d="M%.1f %.1fH%.1f"/>`, left, chartHeight-bottom, chartWidth-right)
	text(&b, chartWidth-right, chartHeight-4, "end", c.xName)
	text(&b, 2, 12, "start", c.yName)
	for _, m := range c.marks {
		c.draw(&b, m)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) // every text in it went through escaped
}

func (c chart) draw(b *strings.Builder, m mark) {
	if m.kind == line {
		fmt.Fprintf(b, `<path class="line %s" d="`, m.class)
		for i, p := range m.points {
			fmt.Fprintf(b, "%c%.1f %.1f", "ML"[min(i, 1)], c.px(p.x), c.py(p.y))
		}
		b.WriteString(`"/>`)
		return
	}
	if m.kind == dots && len(m.points) > maxNotes {
		c.cloud(b, m)
		return
	}
	for _, p := range m.points {
		x, y := c.px(p.x), c.py(p.y)
		if p.lo < p.hi {
			fmt.Fprintf(b, `<path class="whisker %s" d="M%.1f %.1fV%.1f"/>`, m.class, x, c.py(p.lo), c.py(p.hi))
		}
		switch m.kind {
		case dots:
			fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%s">%s</circle>`, m.class, x, y, radius(len(m.points)), note(p.note))
		case labels:
			if x < chartWidth*2/3 {
				text(b, x+8, y+10, "start", p.note)
			} else {
				text(b, x-8, y+10, "end", p.note)
			}
		case bars:
			zero := c.py(0)
			fmt.Fprintf(b, `<path class="bar %s" d="M%.1f %.1fV%.1f"/>`, m.class, x, zero, y)
		case vertical:
			fmt.Fprintf(b, `<path class="change" d="M%.1f %.1fV%.1f"/>`, x, top, chartHeight-bottom)
		}
	}
}

// cloud draws many points as the ends of lines without length, in one path.
func (c chart) cloud(b *strings.Builder, m mark) {
	fmt.Fprintf(b, `<path class="cloud %s" d="`, m.class)
	for _, p := range m.points {
		fmt.Fprintf(b, "M%.1f %.1fh0", c.px(p.x), c.py(p.y))
	}
	b.WriteString(`"/>`)
}

// radius keeps many points from running into each other.
func radius(n int) string {
	switch {
	case n > 60:
		return "2"
	}
	return "4"
}

// note is the element that browsers show when a pointer rests on a mark.
func note(s string) string {
	if s == "" {
		return ""
	}
	return "<title>" + escaped(s) + "</title>"
}

func text(b *strings.Builder, x, y float64, anchor, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, escaped(s))
}

func escaped(s string) string { return template.HTMLEscapeString(results.Printable(s)) }
