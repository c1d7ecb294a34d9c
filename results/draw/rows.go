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
func (c Rows) height() float64 { return float64(len(c.Rows)*rowHeight + 38) }

func (c Rows) body(b *strings.Builder) {
	height := c.height()
	axis := height - 34
	for i, t := range c.X.Ticks {
		anchor := "middle"
		if i == 0 {
			anchor = "start"
		} else if i == len(c.X.Ticks)-1 {
			anchor = "end"
		}
		fmt.Fprintf(b, `<path class="grid" d="M%.1f 0V%.1f"/>`, c.px(t), axis)
		text(b, c.px(t), axis+14, anchor, c.XLabel(t))
	}
	text(b, chartWidth-rowMargin, height-4, "end", c.XName)
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
