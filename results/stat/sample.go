// Package stat judges timings: where a case of a run lies, how sure that is,
// and whether two runs, a run and the nights before it, or the parts of a long
// history really differ.
//
// It works on logarithms of durations, so an effect is a ratio, and on whole
// families of cases, because a hundred cases judged one by one mean false
// alarms every night. It knows nothing of records, stores or output; its rules
// were chosen by the simulation in results/sim, which shows the rivals' figures
// beside them.
package stat

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// MinSpread is the fewest samples that say how far a case's samples spread; a case
// with fewer borrows from the others.
const MinSpread = 3

// ErrNoSamples is returned for a case without samples.
var ErrNoSamples = errors.New("it has no samples")

// Summary is one case of one run: its location and what is known of its noise.
type Summary struct {
	// Log is the location, the mean of the logarithms of the fastest half.
	Log float64
	// Spread is about the variance of the logarithms of the samples: that of the
	// calm ones (the winsorised variance of a trimmed mean: Yuen, Biometrika 1974),
	// for a lone slow sample moves no location.
	Spread float64
	N      int

	// rounds are the means of each round's samples, the slow ones pulled in.
	rounds []float64
}

// processes is how many processes the samples are of.
func (s Summary) processes() float64 { return float64(max(1, len(s.rounds))) }

// Location is the mean of the logarithms of the fastest half of the samples,
// NaN for none. Interference only ever makes a sample slower, so the fast side
// of a distribution of timings is narrow and says where the code lies; the slow
// side says what else the machine did.
func Location(ns []int64) float64 {
	if len(ns) == 0 {
		return math.NaN()
	}
	var room [32]int64
	sorted := append(room[:0], ns...)
	slices.Sort(sorted)
	sum, keep := 0.0, fastest(len(ns))
	for _, x := range sorted[:keep] {
		sum += math.Log(float64(x))
	}
	return sum / float64(keep)
}

// calmShare is the share of the samples whose place is the code's; the rest is
// pulled in to the slowest of them where rounds are compared (winsorised).
const calmShare = 0.7

func fastest(n int) int { return (n + 1) / 2 }

// logarithms are a case's samples, or why they cannot be judged.
func logarithms(ns []int64, rounds []int) ([]float64, error) {
	if len(ns) == 0 {
		return nil, ErrNoSamples
	}
	if len(rounds) > 0 && len(rounds) != len(ns) {
		return nil, fmt.Errorf("samples: %d, but numbers of rounds: %d", len(ns), len(rounds))
	}
	logs := make([]float64, len(ns))
	for i, x := range ns {
		if x <= 0 {
			return nil, fmt.Errorf("sample %d is %d ns, not a duration", i+1, x)
		}
		logs[i] = math.Log(float64(x))
	}
	return logs, nil
}

func summarise(logs []float64, rounds []int) Summary {
	n := len(logs)
	sorted := slices.Sorted(slices.Values(logs))
	s := Summary{Log: mean(sorted[:fastest(n)]), N: n}
	calm := int(math.Ceil(calmShare * float64(n)))
	limit := sorted[calm-1]
	index, sizes := roundIndex(n, rounds)
	s.rounds = make([]float64, len(sizes))
	for i, x := range logs {
		s.rounds[index[i]] += min(x, limit) / sizes[index[i]]
		sorted[i] = min(sorted[i], limit)
	}
	share := float64(calm) / float64(n)
	s.Spread = variance(sorted) / (share * share)
	return s
}

// roundIndex numbers the rounds in the order in which they first appear, for
// each sample, and counts the samples in each.
func roundIndex(n int, rounds []int) (index []int, sizes []float64) {
	place := map[int]int{}
	index = make([]int, n)
	for i := range index {
		round := 0
		if len(rounds) > 0 {
			round = rounds[i]
		}
		k, seen := place[round]
		if !seen {
			k = len(sizes)
			place[round] = k
			sizes = append(sizes, 0)
		}
		index[i] = k
		sizes[k]++
	}
	return index, sizes
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// variance is 0 for a single value.
func variance(xs []float64) float64 {
	if len(xs) < 2 {
		return 0
	}
	m, sum := mean(xs), 0.0
	for _, x := range xs {
		sum += (x - m) * (x - m)
	}
	return sum / float64(len(xs)-1)
}
