package harness

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// The size of the plots' files.
const (
	plotWidth  = 16 * vg.Centimeter
	plotHeight = 11 * vg.Centimeter
)

// picture is one plot and the name of its file.
type picture struct {
	name string
	draw func(*plot.Plot) error
}

// savePictures draws pictures into dir, which is made if need be, and returns
// their paths.
func savePictures(dir string, pictures []picture) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder for plots: %w", err)
	}
	var paths []string
	for _, one := range pictures {
		p := plot.New()
		if err := one.draw(p); err != nil {
			return nil, fmt.Errorf("plot %s: %w", one.name, err)
		}
		widen(&p.X)
		widen(&p.Y)
		path := filepath.Join(dir, one.name)
		if err := p.Save(plotWidth, plotHeight, path); err != nil {
			return nil, fmt.Errorf("plot %s: %w", one.name, err)
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

func logarithmic(p *plot.Plot) {
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
}
