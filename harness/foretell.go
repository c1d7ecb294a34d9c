package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"assay/predict/roofline"
	"assay/results"
	"assay/results/report"
	"assay/results/store"
)

// storedFits are all fits of a store, oldest first.
func storedFits(ctx context.Context, s *store.Store) ([]roofline.Fit, error) {
	list, err := s.Fits(ctx, "")
	if err != nil {
		return nil, err
	}
	fits := make([]roofline.Fit, len(list))
	for i, f := range list {
		if err := json.Unmarshal(f.Body, &fits[i]); err != nil {
			return nil, fmt.Errorf("fit %s: %w", f.ID, err)
		}
	}
	return fits, nil
}

// foretell adds the duration of a timed case by the newest fit of this machine
// and runtime. A case that the fit has no costs for stays without.
func foretell(rec *results.Record, fits []roofline.Fit) {
	if rec.Predicted == nil || rec.Predicted.Cost == nil || notTimed(*rec) != "" {
		return
	}
	for _, fit := range fitsFor(machineOf(*rec), runtimeOf(*rec), fits) {
		p, err := fit.Predict(string(rec.Case.Kind), WorkOf(rec.Case, rec.Predicted.Cost))
		if err != nil {
			continue // an older fit may know this weight type
		}
		seconds, speed := results.Interval(p.Seconds), results.Interval(p.TokensPerSecond)
		rec.Predicted.Seconds, rec.Predicted.TokensPerSecond, rec.Predicted.Fit = &seconds, &speed, fit.ID
		rec.Residual = residual(rec.Predicted, rec.Measured)
		return
	}
}

// fitsFor are the fits of a machine and runtime, newest first.
func fitsFor(machine, runtime string, fits []roofline.Fit) []*roofline.Fit {
	var found []*roofline.Fit
	for i := len(fits) - 1; i >= 0; i-- {
		if fits[i].Machine == machine && fits[i].Runtime == runtime {
			found = append(found, &fits[i])
		}
	}
	return found
}

// Rooflines are what a report draws of a run's timed cases: each machine and
// runtime that has a fit, its roof and the cases under it.
func Rooflines(ctx context.Context, s *store.Store, run results.Run) ([]report.Roofline, error) {
	fits, err := storedFits(ctx, s)
	if err != nil {
		return nil, err
	}
	by := map[string][]roofline.Observation{}
	obs, _ := Observations([]results.Run{run})
	for _, o := range obs {
		by[o.Machine] = append(by[o.Machine], o)
	}
	var out []report.Roofline
	for _, machine := range slices.Sorted(maps.Keys(by)) {
		found := fitsFor(machine, by[machine][0].Runtime, fits)
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
