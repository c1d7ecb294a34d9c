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

// MinSamples is the fewest samples of a case that can be judged.
const MinSamples = 4

// ErrTooFew is returned for a case with fewer than MinSamples samples.
var ErrTooFew = errors.New("too few samples to judge")

// Summary is one case of one run: its location and what is known of its noise.
type Summary struct {
	// Log is the location, the mean of the logarithms of the fastest half.
	Log float64
	// Var is about the variance that Log would have if samples were
	// independent (the winsorised variance of a trimmed mean: Yuen, Biometrika
	// 1974), DF its degrees of freedom. It is a scale: how large the variance
	// is for all cases alike, Compare reads off the rounds and the cases.
	Var, DF float64
	N       int

	// within is the mean square of the winsorised samples within their rounds,
	// rounds the mean of each round.
	within, withinDF float64
	rounds           []float64
}

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

// calmShare is the share of the samples whose spread is that of the code; the
// rest is winsorised. It is larger than the half that the location stands on,
// because a variance needs more of the few samples there are.
const calmShare = 0.7

func fastest(n int) int { return (n + 1) / 2 }

// logarithms are a case's samples, or why they cannot be judged.
func logarithms(ns []int64, rounds []int) ([]float64, error) {
	if len(ns) < MinSamples {
		return nil, fmt.Errorf("%w: %d of at least %d", ErrTooFew, len(ns), MinSamples)
	}
	if len(rounds) > 0 && len(rounds) != len(ns) {
		return nil, fmt.Errorf("%d samples but %d round numbers", len(ns), len(rounds))
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
	sorted := slices.Clone(logs)
	slices.Sort(sorted)
	calm := int(math.Ceil(calmShare * float64(n)))
	// Skewed and correlated samples say half as much of a variance as
	// independent normal ones would.
	s := Summary{Log: mean(sorted[:fastest(n)]), N: n, DF: float64(calm-1) / 2}
	limit := sorted[calm-1]
	for i := calm; i < n; i++ {
		sorted[i] = limit
	}
	share := float64(calm) / float64(n)
	s.Var = variance(sorted) / (share * share * float64(n))
	s.split(logs, rounds, limit)
	return s
}

// split takes the winsorised samples apart by round.
func (s *Summary) split(logs []float64, rounds []int, limit float64) {
	index, sizes := roundIndex(len(logs), rounds)
	s.rounds = make([]float64, len(sizes))
	for i, x := range logs {
		s.rounds[index[i]] += min(x, limit) / sizes[index[i]]
	}
	squares := 0.0
	for i, x := range logs {
		d := min(x, limit) - s.rounds[index[i]]
		squares += d * d
	}
	s.withinDF = float64(len(logs) - len(sizes))
	if s.withinDF > 0 {
		s.within = squares / s.withinDF
	}
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
