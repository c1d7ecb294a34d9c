package draw

import (
	"fmt"
	"strings"
)

// Rows is a chart that has a row for each case: a label, a value and a point with its
// interval on a common axis.
type Rows struct {
	Title  string
	X      Scale
	XName  string
	XLabel func(float64) string
	Rows   []Row
}

// Row is one of them; of its points X is the value and Lo..Hi its interval.
type Row struct {
	Label, Value string
	Measured     Point
	Predicted    *Point
}

const rowHeight, rowMargin = 40, 8.0

func (c Rows) px(v float64) float64 { return rowMargin + c.X.At(v)*(chartWidth-2*rowMargin) }

func (c Rows) name() string    { return c.Title }
func (c Rows) height() float64 { return float64(len(c.Rows)*rowHeight + belowHeight) }

func (c Rows) body(b *strings.Builder) {
	below(b, c.X, c.px, c.XLabel, c.XName, c.height())
	for i, r := range c.Rows {
		y := float64(i*rowHeight) + 14
		fmt.Fprintf(b, `<text class="label" x="%.1f" y="%.1f">%s</text>`, rowMargin, y, escaped(clip(r.Label)))
		fmt.Fprintf(b, `<text class="value" x="%.1f" y="%.1f" text-anchor="end">%s</text>`, chartWidth-rowMargin, y, escaped(r.Value))
		if r.Predicted != nil {
			c.interval(b, *r.Predicted, y+18, "c2")
			fmt.Fprintf(b, `<path class="c2" d="M%.1f %.1fl5 5l-5 5l-5 -5z"/>`, c.px(r.Predicted.X), y+13)
		}
		c.interval(b, r.Measured, y+12, "c1")
		fmt.Fprintf(b, `<circle class="c1" cx="%.1f" cy="%.1f" r="4"/>`, c.px(r.Measured.X), y+12)
	}
}

// belowHeight is what an axis below rows of things takes.
const belowHeight = 38

// below draws that axis, its ticks through all the rows above it, and its name.
func below(b *strings.Builder, x Scale, px func(float64) float64, label func(float64) string, name string, height float64) {
	axis := height - belowHeight + 4
	for i, t := range x.Ticks {
		anchor := "middle"
		switch {
		case i == 0:
			anchor = "start"
		case px(t) > chartWidth-2*rowMargin:
			anchor = "end"
		}
		fmt.Fprintf(b, `<path class="grid" d="M%.1f 0V%.1f"/>`, px(t), axis)
		text(b, px(t), axis+14, anchor, label(t))
	}
	text(b, chartWidth-rowMargin, height-4, "end", name)
}

func (c Rows) interval(b *strings.Builder, p Point, y float64, class string) {
	if p.Lo < p.Hi {
		fmt.Fprintf(b, `<path class="whisker %s" d="M%.1f %.1fH%.1f"/>`, class, c.px(p.Lo), y, c.px(p.Hi))
	}
}

// mostLetters is how long a label may be that stands before its value.
const mostLetters = 48

func clip(label string) string {
	if letters := []rune(label); len(letters) > mostLetters {
		return string(letters[:mostLetters-1]) + "…"
	}
	return label
}
