// Package speed says what a machine can do and what counted work takes on it: fits of
// observations, chips, probes. It does not know suites or workers.
package speed

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"assay/harness/failure"
	"assay/predict/roofline"
	"assay/results"
	"assay/results/figure"
)

// Fit fits the runs and gives the fit an id.
func Fit(runs []results.Run, opt roofline.Options) (*roofline.Fit, []roofline.Observation, error) {
	obs, skipped := Observations(runs)
	fit, err := roofline.New(obs, opt)
	if err != nil && len(skipped) > 0 {
		err = fmt.Errorf("%w (%s could not be used, the first: %s)", err, figure.Several(len(skipped), "case"), skipped[0])
	}
	if err != nil {
		return nil, nil, failure.Input(err)
	}
	fit.LeftOut = append(skipped, fit.LeftOut...)
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails, by its documentation
	fit.ID = "fit-" + fit.Time.Format("20060102-150405") + "-" + hex.EncodeToString(salt[:])
	return fit, obs, nil
}
