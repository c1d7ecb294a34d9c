package draw

import (
	"fmt"
	"strings"
)

// Groups is a chart with a group of bars for each thing that is compared, a bar for
// each series, from 0 on.
type Groups struct {
	Title  string
	X      Scale
	XName  string
	XLabel func(float64) string
	Groups []Group
}

// Group is what stands above its bars.
type Group struct {
	Label string
	Bars  []Bar
}

// Bar is a value as long as it is, the interval around it if Lo < Hi, and behind it in
// words. Class is its colour.
type Bar struct {
	Class         string
	Value, Lo, Hi float64
	Text          string
}

// Lines of a group: its label, and one for each bar, that is barHeight of it.
const labelHeight, barPitch, barHeight, groupGap, barTextWidth = 19.0, 15.0, 10.0, 8.0, 64.0

func (c Groups) px(v float64) float64 {
	return rowMargin + c.X.At(v)*(chartWidth-2*rowMargin-barTextWidth)
}
func (c Groups) name() string { return c.Title }
func (c Groups) height() float64 {
	height := float64(belowHeight)
	for _, g := range c.Groups {
		height += labelHeight + barPitch*float64(len(g.Bars)) + groupGap
	}
	return height
}

func (c Groups) body(b *strings.Builder) {
	below(b, c.X, c.px, c.XLabel, c.XName, c.height())
	y := 0.0
	for _, g := range c.Groups {
		fmt.Fprintf(b, `<text class="label" x="%.1f" y="%.1f">%s</text>`, rowMargin, y+labelHeight-6, escaped(g.Label))
		y += labelHeight
		for _, bar := range g.Bars {
			fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%g"/>`, bar.Class, c.px(0), y,
				max(0.5, c.px(bar.Value)-c.px(0)), barHeight)
			end := c.px(bar.Value)
			if bar.Lo < bar.Hi {
				fmt.Fprintf(b, `<path class="spread" d="M%.1f %.1fH%.1f"/>`, c.px(bar.Lo), y+barHeight/2, c.px(bar.Hi))
				end = max(end, c.px(bar.Hi))
			}
			fmt.Fprintf(b, `<text class="value" x="%.1f" y="%.1f">%s</text>`, end+5, y+barHeight-1, escaped(bar.Text))
			y += barPitch
		}
		y += groupGap
	}
}
