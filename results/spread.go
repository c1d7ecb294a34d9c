package results

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Spread is how far samples of one case lie apart, as shares of the time.
type Spread struct {
	// Within is the standard deviation of samples of one process.
	Within float64 `json:"within"`
	// Between is that of the processes' means, less what the samples within explain.
	Between float64 `json:"between"`
}

// SpreadOf takes the samples' durations apart by their rounds, each of which is a
// process; nil for less than two rounds of two samples.
func SpreadOf(samplesNS []int64, rounds []int) *Spread {
	if len(samplesNS) != len(rounds) {
		return nil
	}
	byRound := map[int][]float64{}
	for i, ns := range samplesNS {
		byRound[rounds[i]] = append(byRound[rounds[i]], math.Log(float64(ns)))
	}
	var means []float64
	var squares, free, share float64
	for _, logs := range byRound {
		if len(logs) < 2 {
			return nil
		}
		n := float64(len(logs))
		means = append(means, stat.Mean(logs, nil))
		squares += stat.Variance(logs, nil) * (n - 1)
		free += n - 1
		share += 1 / n
	}
	if len(means) < 2 {
		return nil
	}
	within := squares / free
	between := stat.Variance(means, nil) - within*share/float64(len(means))
	return &Spread{Within: math.Sqrt(within), Between: math.Sqrt(max(0, between))}
}
