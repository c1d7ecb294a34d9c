package report

import (
	"fmt"
	"html/template"
	"strings"
)

// rowChart has a row for each case: a label, a value and a point with its
// interval on a common axis.
type rowChart struct {
	title  string
	x      scale
	xName  string
	xLabel func(float64) string
	rows   []chartRow
}

// chartRow is one row; of its points x is the value and lo..hi its interval.
type chartRow struct {
	label, value string
	measured     point
	predicted    *point
}

const rowHeight, rowMargin = 40, 8.0

func (c rowChart) px(v float64) float64 { return rowMargin + c.x.at(v)*(chartWidth-2*rowMargin) }

func (c rowChart) svg() template.HTML {
	var b strings.Builder
	height := float64(len(c.rows)*rowHeight + 38)
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %.0f" role="img"><title>%s</title>`, chartWidth, height, escaped(c.title))
	axis := height - 34
	for i, t := range c.x.ticks {
		anchor := "middle"
		if i == 0 {
			anchor = "start"
		} else if i == len(c.x.ticks)-1 {
			anchor = "end"
		}
		fmt.Fprintf(&b, `<path class="grid" d="M%.1f 0V%.1f"/>`, c.px(t), axis)
		text(&b, c.px(t), axis+14, anchor, c.xLabel(t))
	}
	text(&b, chartWidth-rowMargin, height-4, "end", c.xName)
	for i, r := range c.rows {
		y := float64(i*rowHeight) + 14
		fmt.Fprintf(&b, `<text class="label" x="%.1f" y="%.1f">%s</text>`, rowMargin, y, escaped(r.label))
		fmt.Fprintf(&b, `<text class="value" x="%.1f" y="%.1f" text-anchor="end">%s</text>`, chartWidth-rowMargin, y, escaped(r.value))
		if r.predicted != nil {
			c.interval(&b, *r.predicted, y+18, "c2")
			fmt.Fprintf(&b, `<path class="c2" d="M%.1f %.1fl5 5l-5 5l-5 -5z"/>`, c.px(r.predicted.x), y+13)
		}
		c.interval(&b, r.measured, y+12, "c1")
		fmt.Fprintf(&b, `<circle class="c1" cx="%.1f" cy="%.1f" r="4"/>`, c.px(r.measured.x), y+12)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) // every text in it went through escaped
}

func (c rowChart) interval(b *strings.Builder, p point, y float64, class string) {
	if p.lo < p.hi {
		fmt.Fprintf(b, `<path class="whisker %s" d="M%.1f %.1fH%.1f"/>`, class, c.px(p.lo), y, c.px(p.hi))
	}
}
