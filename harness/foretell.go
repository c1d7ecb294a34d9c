package harness

import (
	"context"
	"encoding/json"
	"fmt"

	"assay/predict/roofline"
	"assay/results"
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
	for i := len(fits) - 1; i >= 0; i-- {
		if fits[i].Machine != machineOf(*rec) || fits[i].Runtime != runtimeOf(*rec) {
			continue
		}
		p, err := fits[i].Predict(string(rec.Case.Kind), WorkOf(rec.Case, rec.Predicted.Cost))
		if err != nil {
			continue // an older fit may know this weight type
		}
		seconds, speed := results.Interval(p.Seconds), results.Interval(p.TokensPerSecond)
		rec.Predicted.Seconds, rec.Predicted.TokensPerSecond, rec.Predicted.Fit = &seconds, &speed, fits[i].ID
		rec.Residual = residual(rec.Predicted, rec.Measured)
		return
	}
}
