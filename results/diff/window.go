package diff

import (
	"maps"
	"math"
	"slices"
	"time"

	"assay/results"
	"assay/results/stat"
)

// Window is what earlier nights say of each case.
type Window struct {
	nights []night
	// open are the nights since an alert about a case that is neither over nor accepted.
	open map[results.Key][]stat.Summary
	// past are the environments of each case's accepted nights, where they are known.
	past map[results.Key][]*results.Environment
}

// night is one accepted night: its cases, placed together as the night itself is.
type night struct {
	place map[results.Key]int
	run   stat.Run
}

// Accepted says which nights of a case may be in a window.
type Accepted struct {
	// Before is the start of the night that will be judged.
	Before time.Time
	// Since is when each case's baseline was last moved, "" for all cases:
	// earlier nights are of another level.
	Since map[results.Key]time.Time
	// Suspect is since when a case has been reported and neither accepted nor recovered.
	Suspect map[results.Key]time.Time
	// Level is since when that stands at its level.
	Level map[results.Key]time.Time
	// Like is the environment of the night to be judged, by case: nights in another
	// state of power, or with other variables, are of another history.
	Like map[results.Key]results.Environment
}

// timed says whether a point can be part of any window.
func (a Accepted) timed(key results.Key, p results.Point) bool {
	like, known := a.Like[key]
	return len(p.SamplesNS) > 0 && (p.Env == nil || !p.Env.Unfit) && p.Time.Before(a.Before) &&
		!p.Time.Before(a.Since[""]) && !p.Time.Before(a.Since[key]) && (!known || p.Env == nil || p.Env.SameHistory(like))
}

func (a Accepted) suspect(key results.Key, p results.Point) bool {
	since, reported := a.Suspect[key]
	return reported && !p.Time.Before(since)
}

func (a Accepted) point(key results.Key, p results.Point) bool {
	return a.timed(key, p) && !a.suspect(key, p)
}

func (a Accepted) open(key results.Key, p results.Point) bool {
	return a.timed(key, p) && a.suspect(key, p) && !p.Time.Before(a.Level[key])
}

// NewWindow makes a window of the histories of one machine's cases; nil without an
// accepted night.
func NewWindow(series []results.Series, accepted Accepted) *Window {
	w := &Window{open: map[results.Key][]stat.Summary{}, past: map[results.Key][]*results.Environment{}}
	for _, run := range runsOf(series, accepted.point) {
		w.nights = append(w.nights, placeNight(series, run, accepted.point))
	}
	for _, run := range runsOf(series, accepted.open) {
		n := placeNight(series, run, accepted.open)
		for key, i := range n.place {
			w.open[key] = append(w.open[key], n.run.Cases[i])
		}
	}
	for _, s := range series {
		for _, p := range s.Points {
			if p.Env != nil && accepted.point(s.Key, p) {
				w.past[s.Key] = append(w.past[s.Key], p.Env)
			}
		}
	}
	if len(w.nights) == 0 {
		return nil
	}
	return w
}

// placeNight places one run's points that are wanted.
func placeNight(series []results.Series, run string, wanted func(results.Key, results.Point) bool) night {
	n := night{place: map[results.Key]int{}}
	var samples []stat.Samples
	for _, s := range series {
		for _, p := range s.Points {
			if p.RunID == run && wanted(s.Key, p) {
				n.place[s.Key] = len(samples)
				samples = append(samples, stat.Samples{NS: p.SamplesNS, Rounds: p.Rounds})
			}
		}
	}
	n.run = stat.Place(samples)
	return n
}

// runsOf lists the runs that any case has a wanted point of, oldest first.
func runsOf(series []results.Series, wanted func(results.Key, results.Point) bool) []string {
	began := map[string]time.Time{}
	for _, s := range series {
		for _, p := range s.Points {
			if wanted(s.Key, p) {
				if t, ok := began[p.RunID]; !ok || p.Time.Before(t) {
					began[p.RunID] = p.Time
				}
			}
		}
	}
	runs := slices.Sorted(maps.Keys(began))
	slices.SortStableFunc(runs, func(a, b string) int { return began[a].Compare(began[b]) })
	return runs
}

func (w *Window) any() bool { return w != nil }

// environments are those of a case's accepted nights.
func (w *Window) environments(key results.Key) []*results.Environment {
	if w == nil {
		return nil
	}
	return w.past[key]
}

// runs are the nights with the timed cases in their order.
func (w *Window) runs(pairs []pair, timed []int) []stat.Run {
	out := make([]stat.Run, len(w.nights))
	for j, n := range w.nights {
		run := stat.Run{Cases: make([]stat.Summary, len(timed)), Errors: make([]error, len(timed))}
		for k, i := range timed {
			at, ok := n.place[pairs[i].key]
			if !ok {
				run.Errors[k] = stat.ErrNoSamples
				continue
			}
			run.Cases[k], run.Errors[k] = n.run.Cases[at], n.run.Errors[at]
		}
		out[j] = run
	}
	return out
}

// fill sets the base of a timing to the median of the case's accepted nights.
func (w *Window) fill(t *Timing, key results.Key) {
	if w == nil {
		return
	}
	var logs []float64
	for j := len(w.nights) - 1; j >= 0 && len(logs) <= stat.WindowNights; j-- {
		if at, ok := w.nights[j].place[key]; ok && w.nights[j].run.Has(at) {
			logs = append(logs, w.nights[j].run.Cases[at].Log)
		}
	}
	if len(logs) > 0 {
		t.BaseNS, t.BaseSamples = math.Exp(stat.Median(logs)), len(logs)
	}
}
