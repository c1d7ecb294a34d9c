package calibrate

import (
	"slices"
	"time"

	"assay/harness/runtime"
	"assay/harness/suite"
	"assay/results"
)

// Options say what a calibration is for.
type Options struct {
	Runtime     string
	WeightTypes []string
	// Settings are what all cases have; only the first of each list counts.
	Settings suite.Lists
	// Experts adds mixtures of experts, without which such models cannot be
	// predicted: their products have kernels and rates of their own.
	Experts bool
	Budget  time.Duration
}

// group is what all cases have in common: the settings that were asked for, or
// their defaults, as far as only the time depends on them or on where it is spent.
func (o Options) group() suite.CaseGroup {
	g := suite.CaseGroup{Runtimes: []string{o.Runtime}, Skeleton: runtime.SkeletonFull}
	for _, s := range results.Settings {
		if s.Known != nil && s.KnownTo(o.Runtime, results.KindDecode) && len(o.Settings[s.Name]) > 0 {
			g = g.With(s.Name, o.Settings[s.Name][0])
		}
	}
	return g
}

// common is the group's settings in a case.
func (o Options) common() results.Case {
	var c results.Case
	for _, s := range results.Settings {
		if values := append(slices.Clone(o.Settings[s.Name]), s.Default); values[0] != nil {
			s.Put(&c, values[0])
		}
	}
	return c
}
