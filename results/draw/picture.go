// Package draw saves pictures in the one form that all of them have: size, axes,
// ticks. It does not know what is drawn.
package draw

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"assay/results/figure"
)

// The size of the plots' files.
const (
	Width  = 16 * vg.Centimeter
	Height = 11 * vg.Centimeter
)

// Picture is one plot and the name of its file.
type Picture struct {
	Name string
	Draw func(*plot.Plot) error
}

// Save draws pictures into dir, which is made if need be, and returns
// their paths.
func Save(dir string, pictures []Picture) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder for plots: %w", err)
	}
	var paths []string
	for _, one := range pictures {
		p := plot.New()
		if err := one.Draw(p); err != nil {
			return nil, fmt.Errorf("plot %s: %w", one.Name, err)
		}
		for _, axis := range []*plot.Axis{&p.X, &p.Y} {
			widen(axis)
			axis.Tick.Marker = plainTicks{axis.Tick.Marker}
		}
		path := filepath.Join(dir, one.Name)
		if err := p.Save(Width, Height, path); err != nil {
			return nil, fmt.Errorf("plot %s: %w", one.Name, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// widen leaves room for the marks at the ends of an axis.
func widen(a *plot.Axis) {
	if _, ok := a.Scale.(plot.LogScale); ok {
		room := math.Pow(a.Max/a.Min, 0.05)
		a.Min, a.Max = a.Min/room, a.Max*room
		return
	}
	room := 0.05 * (a.Max - a.Min)
	a.Min, a.Max = a.Min-room, a.Max+room
}

// plainTicks writes numbers as people do: 20000 and 2 M, not 2e+04 and 2e+06.
type plainTicks struct{ plot.Ticker }

func (t plainTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := t.Ticker.Ticks(lo, hi)
	for i, tick := range ticks {
		if v, err := strconv.ParseFloat(tick.Label, 64); err == nil && math.Abs(v-tick.Value) <= 1e-6*math.Abs(v) { // a name stays
			ticks[i].Label = Plain(v)
		}
	}
	return ticks
}

// Plain is a number on an axis: as it is up to a hundred thousand, then with a prefix.
func Plain(v float64) string {
	if math.Abs(v) >= 1e5 {
		return figure.Count(v)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Logarithmic gives both axes a logarithmic scale.
func Logarithmic(p *plot.Plot) {
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = decadeTicks{}, decadeTicks{}
}

// decadeTicks labels 1, 2 and 5 of each power of ten: measured times often span
// little more than one.
type decadeTicks struct{}

func (decadeTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := plot.LogTicks{Prec: -1}.Ticks(lo, hi)
	for i, t := range ticks {
		decade := math.Pow(10, math.Floor(math.Log10(t.Value)+1e-9))
		if m := math.Round(t.Value / decade); m == 2 || m == 5 {
			ticks[i].Label = strconv.FormatFloat(m*decade, 'g', 3, 64)
		}
	}
	return ticks
}
