package record

import (
	"assay/harness/speed"
	"assay/predict/roofline"
	"assay/results"
)

// Foretell adds the duration of a timed case by the newest fit of this machine
// and runtime. A case that the fit has no costs for stays without.
func Foretell(rec *results.Record, fits []roofline.Fit) {
	if rec.Predicted == nil || rec.Predicted.Cost == nil || speed.NotTimed(*rec) != "" {
		return
	}
	for _, fit := range speed.For(speed.MachineOf(*rec), speed.RuntimeOf(*rec), fits) {
		p, err := fit.Predict(string(rec.Case.Kind), speed.WorkOf(rec.Case, rec.Predicted.Cost))
		if err != nil {
			continue // an older fit may know this weight type
		}
		seconds, speed := results.Interval(p.Seconds), results.Interval(p.TokensPerSecond)
		rec.Predicted.Seconds, rec.Predicted.TokensPerSecond, rec.Predicted.Fit = &seconds, &speed, fit.ID
		rec.Residual = residual(rec.Predicted, rec.Measured)
		return
	}
}
