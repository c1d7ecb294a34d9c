package record

import (
	"assay/harness/speed"
	"assay/predict/machines"
	"assay/predict/published"
	"assay/predict/roofline"
	"assay/results"
)

// Foretell adds the duration of a timed case by the newest fit of this machine
// and runtime that knows its types, else the newest, whose nearest of kin stand
// in; where there is no fit, a Mac's is that of the published figures.
func Foretell(rec *results.Record, fits []roofline.Fit) {
	if rec.Predicted == nil || rec.Predicted.Cost == nil || speed.NotTimed(*rec) != "" {
		return
	}
	kind, work := string(rec.Case.Kind), speed.WorkOf(rec.Case, rec.Predicted.Cost)
	var best *roofline.Prediction
	var by string
	for _, fit := range speed.For(speed.MachineOf(*rec), speed.RuntimeOf(*rec), fits) {
		p, err := fit.Predict(kind, work)
		if err != nil || best != nil && len(p.Kin) >= len(best.Kin) {
			continue // the newest comes first
		}
		best, by = &p, fit.ID
	}
	if best == nil {
		best, by = onPublished(*rec, kind, work)
	}
	if best == nil {
		return
	}
	seconds, perSecond := results.Interval(best.Seconds), results.Interval(best.TokensPerSecond)
	rec.Predicted.Seconds, rec.Predicted.TokensPerSecond, rec.Predicted.Fit = &seconds, &perSecond, by
	rec.Residual = residual(rec.Predicted, rec.Measured)
}

// PublishedFigures stands for a fit where a prediction comes from those of other
// people's Macs.
const PublishedFigures = "published figures"

// onPublished predicts by the chip, on a Mac whose GPU has all of the work.
func onPublished(rec results.Record, kind string, work roofline.Work) (*roofline.Prediction, string) {
	if rec.Host.GPUCores == nil || rec.Case.NThreads > 0 && rec.Case.NGPULayers == 0 {
		return nil, ""
	}
	chip, err := machines.FindChip(rec.Host.Chip, *rec.Host.GPUCores)
	if err != nil {
		return nil, ""
	}
	mac, err := published.New(machines.Machine{Chip: chip}, published.Setting{Runtime: rec.Runtime.Name,
		NoTensor: noTensor(rec.Runtime.Kernels)})
	if err != nil {
		return nil, ""
	}
	p, err := mac.Predict(kind, work)
	if err != nil {
		return nil, ""
	}
	return &p, PublishedFigures
}

// noTensor reports whether the process said that it had no kernels for an M5's
// tensor units.
func noTensor(k *results.Kernels) bool {
	return k != nil && (k.Tensor != nil && !*k.Tensor || k.NAX != nil && *k.NAX == 0)
}
