package results

import (
	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat"
)

// Speed turns the durations of samples of so many tokens into tokens per
// second: median, mean, deviation, and the median's order-statistic interval
// (golang.org/x/perf/benchmath), which needs six samples. It is nil without
// samples or tokens.
func Speed(samplesNS []int64, tokens int) *TokensPerSecond {
	if len(samplesNS) == 0 || tokens <= 0 {
		return nil
	}
	rates := make([]float64, len(samplesNS))
	for i, ns := range samplesNS {
		rates[i] = 1e9 * float64(tokens) / float64(ns)
	}
	thresholds := benchmath.DefaultThresholds
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(rates, &thresholds), 0.95)
	speed := &TokensPerSecond{Median: s.Center, Mean: stat.Mean(rates, nil)}
	if len(rates) >= 2 {
		deviation := stat.StdDev(rates, nil)
		speed.Stddev = &deviation
	}
	if len(rates) >= 6 {
		speed.CI95 = &[2]float64{s.Lo, s.Hi}
	}
	return speed
}
