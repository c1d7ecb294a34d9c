package diff

import (
	"math"
	"slices"
	"time"

	"assay/results"
	"assay/results/stat"
)

// Nights is how many accepted nights a night is judged against.
const Nights = 14

// fewestNights is how many nights a window needs to show what lies between
// nights; with fewer, two runs are compared.
const fewestNights = 5

// Window is what earlier nights say of each case: its locations, oldest first
// and stat.Absent where a night has none.
type Window struct {
	cases  map[results.Key][]float64
	before map[results.Key]float64
}

// Accepted says which nights of a case may be in a window.
type Accepted struct {
	// Before is the start of the night that will be judged.
	Before time.Time
	// Since is when each case's baseline was last moved, "" for all cases:
	// earlier nights are of another level.
	Since map[results.Key]time.Time
	// Suspect is since when a case, or "" for all of them together, has been
	// reported and neither accepted nor recovered.
	Suspect map[results.Key]time.Time
}

func (a Accepted) point(key results.Key, p results.Point) bool {
	return len(p.SamplesNS) >= stat.MinSamples && (p.Env == nil || !p.Env.Unfit) && p.Time.Before(a.Before) &&
		!p.Time.Before(a.Since[""]) && !p.Time.Before(a.Since[key]) && !a.suspect("", p) && !a.suspect(key, p)
}

func (a Accepted) suspect(key results.Key, p results.Point) bool {
	since, reported := a.Suspect[key]
	return reported && !p.Time.Before(since)
}

// NewWindow makes a window of the histories of one machine's cases: the last
// accepted nights but one, which is judged together with tonight.
func NewWindow(series []results.Series, accepted Accepted) *Window {
	runs := nights(series, accepted)
	if len(runs) == 0 {
		return nil
	}
	last := len(runs) - 1
	w := &Window{cases: map[results.Key][]float64{}, before: map[results.Key]float64{}}
	for i := max(0, last-Nights); i <= last; i++ {
		for k, x := range locations(series, accepted, runs[i]) {
			key := series[k].Key
			if i == last {
				w.before[key] = x
			} else {
				w.cases[key] = append(w.cases[key], x)
			}
		}
	}
	return w
}

// locations places one night's cases together, as the night itself is.
func locations(series []results.Series, accepted Accepted, run string) []float64 {
	samples := make([]stat.Samples, len(series))
	for k, s := range series {
		for _, p := range s.Points {
			if p.RunID == run && accepted.point(s.Key, p) {
				samples[k] = stat.Samples{NS: p.SamplesNS, Rounds: p.Rounds}
			}
		}
	}
	placed := stat.Place(samples)
	out := make([]float64, len(series))
	for k := range out {
		out[k] = stat.Absent()
		if placed.Errors[k] == nil {
			out[k] = placed.Cases[k].Log
		}
	}
	return out
}

// nights lists the runs that any case has an accepted point of, oldest first.
func nights(series []results.Series, accepted Accepted) []string {
	began := map[string]time.Time{}
	for _, s := range series {
		for _, p := range s.Points {
			if accepted.point(s.Key, p) {
				if t, ok := began[p.RunID]; !ok || p.Time.Before(t) {
					began[p.RunID] = p.Time
				}
			}
		}
	}
	runs := make([]string, 0, len(began))
	for run := range began {
		runs = append(runs, run)
	}
	slices.SortFunc(runs, func(a, b string) int { return began[a].Compare(began[b]) })
	return runs
}

// usable is how many nights of the window any of the timed cases has, or 0 when
// they are too few to judge against.
func (w *Window) usable(pairs []pair, timed []int) int {
	if w == nil {
		return 0
	}
	most := 0
	for _, i := range timed {
		most = max(most, w.nights(pairs[i].key))
	}
	if most < fewestNights {
		return 0
	}
	return most
}

func (w *Window) nights(key results.Key) int {
	n := 0
	for _, x := range w.cases[key] {
		if !math.IsNaN(x) {
			n++
		}
	}
	return n
}

// judge judges the timed cases of head against the window.
func (w *Window) judge(pairs []pair, timed []int, head stat.Run, rule stat.Rule) stat.Family {
	window := make([][]float64, len(timed))
	before, tonight := make([]float64, len(timed)), make([]float64, len(timed))
	for k, i := range timed {
		key := pairs[i].key
		window[k], before[k], tonight[k] = w.cases[key], stat.Absent(), stat.Absent()
		if x, ok := w.before[key]; ok {
			before[k] = x
		}
		if head.Errors[k] == nil {
			tonight[k] = head.Cases[k].Log
		}
	}
	return stat.Nights(window, before, tonight, rule)
}

// fill sets the base of a timing to what the window says of the case.
func (w *Window) fill(t *Timing, key results.Key) {
	sum, n := 0.0, 0
	for _, x := range w.cases[key] {
		if !math.IsNaN(x) {
			sum, n = sum+x, n+1
		}
	}
	if n > 0 {
		t.BaseNS, t.BaseSamples = math.Exp(sum/float64(n)), n
	}
}
