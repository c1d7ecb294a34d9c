package archive

import (
	"context"
	"maps"
	"slices"

	"assay/harness/speed"
	"assay/predict/roofline"
	"assay/results"
	"assay/results/report"
	"assay/results/store"
)

// Rooflines are what a report draws of a run's timed cases: each machine and
// runtime that has a fit, its roof and the cases under it.
func Rooflines(ctx context.Context, s *store.Store, run results.Run) ([]report.Roofline, error) {
	fits, err := speed.Stored(ctx, s)
	if err != nil {
		return nil, err
	}
	by := map[string][]roofline.Observation{}
	obs, _ := speed.Observations([]results.Run{run})
	for _, o := range obs {
		by[o.Machine] = append(by[o.Machine], o)
	}
	var out []report.Roofline
	for _, machine := range slices.Sorted(maps.Keys(by)) {
		found := speed.For(machine, by[machine][0].Runtime, fits)
		if len(found) == 0 {
			continue
		}
		r := found[0].Roofline(by[machine])
		one := report.Roofline{Machine: r.Machine, FLOPS: r.FLOPS, Bandwidth: r.Bandwidth}
		for _, p := range r.Points {
			one.Points = append(one.Points, report.RooflinePoint(p))
		}
		out = append(out, one)
	}
	return out, nil
}
