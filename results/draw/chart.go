package draw

import (
	"fmt"
	"html/template"
	"strings"

	"assay/results"
)

// MaxNotes is how many may say their figure under a pointer.
const MaxNotes = 200

// A chart is drawn 400 units wide, the width of a phone; a wider screen shows
// several beside each other. Colours are classes of the page's style sheet,
// so that a chart is right on light and dark ground.
const (
	chartWidth  = 400
	chartHeight = 220
)

// Chart is one picture with two axes.
type Chart struct {
	Title          string // for readers who do not see it
	X, Y           Scale
	XName, YName   string
	XLabel, YLabel func(float64) string
	Marks          []Mark
}

// Mark is one thing in a chart: a line through points, points alone, their
// notes as text, a bar for each, or a line across. Class is its colour, one of
// [Colour]'s, "bad", or either with " dashed" behind it.
type Mark struct {
	Kind   Kind
	Class  string
	Points []Point
}

// Kind is what a mark is.
type Kind int

// The kinds of mark.
const (
	Line Kind = iota
	Dots
	Labels
	Bars
	Vertical
)

// Point is a value, the interval around it if lo < hi, and what is shown when
// a pointer rests on it.
type Point struct {
	X, Y, Lo, Hi float64
	Note         string
}

// margins of the area between the axes, and how far its ends lie inside it.
const left, right, top, bottom, inset = 62.0, 10.0, 26.0, 36.0, 7.0

func (c Chart) px(v float64) float64 {
	return left + inset + c.X.At(v)*(chartWidth-left-right-2*inset)
}
func (c Chart) py(v float64) float64 {
	return chartHeight - bottom - c.Y.At(v)*(chartHeight-top-bottom)
}

func (c Chart) height() float64 { return chartHeight }
func (c Chart) name() string    { return c.Title }

func (c Chart) body(b *strings.Builder) {
	for _, t := range c.Y.Ticks {
		y := c.py(t)
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1fH%.1f"/>`, left, y, chartWidth-right)
		text(b, left-6, y+4, "end", c.YLabel(t))
	}
	for i, t := range c.X.Ticks {
		anchor := "middle"
		if i == len(c.X.Ticks)-1 && len(c.XLabel(t)) > 4 {
			anchor = "end"
		}
		fmt.Fprintf(b, `<path class="axis" d="M%.1f %.1fv4"/>`, c.px(t), chartHeight-bottom)
		text(b, c.px(t), chartHeight-bottom+16, anchor, c.XLabel(t))
	}
	fmt.Fprintf(b, `<path class="axis" d="M%.1f %.1fH%.1f"/>`, left, chartHeight-bottom, chartWidth-right)
	text(b, chartWidth-right, chartHeight-4, "end", c.XName)
	text(b, 2, 12, "start", c.YName)
	for _, m := range c.Marks {
		c.draw(b, m)
	}
}

func (c Chart) draw(b *strings.Builder, m Mark) {
	if m.Kind == Line {
		fmt.Fprintf(b, `<path class="line %s" d="`, m.Class)
		for i, p := range m.Points {
			fmt.Fprintf(b, "%c%.1f %.1f", "ML"[min(i, 1)], c.px(p.X), c.py(p.Y))
		}
		b.WriteString(`"/>`)
		return
	}
	if m.Kind == Dots && len(m.Points) > MaxNotes {
		c.cloud(b, m)
		return
	}
	for _, p := range m.Points {
		x, y := c.px(p.X), c.py(p.Y)
		if p.Lo < p.Hi {
			fmt.Fprintf(b, `<path class="whisker %s" d="M%.1f %.1fV%.1f"/>`, m.Class, x, c.py(p.Lo), c.py(p.Hi))
		}
		switch m.Kind {
		case Dots:
			fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%s">%s</circle>`, m.Class, x, y, radius(len(m.Points)), note(p.Note))
		case Labels:
			if x < chartWidth*2/3 {
				text(b, x+8, y+10, "start", p.Note)
			} else {
				text(b, x-8, y+10, "end", p.Note)
			}
		case Bars:
			zero := c.py(0)
			fmt.Fprintf(b, `<path class="bar %s" d="M%.1f %.1fV%.1f"/>`, m.Class, x, zero, y)
		case Vertical:
			fmt.Fprintf(b, `<path class="change" d="M%.1f %.1fV%.1f"/>`, x, top, chartHeight-bottom)
		}
	}
}

// cloud draws many points as the ends of lines without length, in one path.
func (c Chart) cloud(b *strings.Builder, m Mark) {
	fmt.Fprintf(b, `<path class="cloud %s" d="`, m.Class)
	for _, p := range m.Points {
		fmt.Fprintf(b, "M%.1f %.1fh0", c.px(p.X), c.py(p.Y))
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
