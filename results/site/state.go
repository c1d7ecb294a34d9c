package site

import (
	"slices"

	"assay/results"
	"assay/results/figure"
	"assay/results/report"
)

// state is what there is to say of a case, the worst first.
type state struct {
	Rank        int
	Class, Word string
}

// recent is how many runs back a change of level is still news.
const recent = 14

// The ranks of states, the worst first.
const (
	rankFailed = iota
	rankRefuted
	rankSlower
	rankGood
	rankFaster
	rankOld
)

func (c Case) state(m Machine, i int, newest string) state {
	rec := c.Record
	if rec.RunID != newest {
		return state{rankOld, "", "not in the newest run"}
	}
	switch rec.Outcome() {
	case results.Failed:
		return state{rankFailed, "off", "failed"}
	case results.Refuted:
		return state{rankRefuted, "off", "not as predicted"}
	case results.Skipped:
		return state{rankOld, "", "skipped"}
	}
	if changes := m.Trend.Cases[i].Changes; len(changes) > 0 {
		last := changes[len(changes)-1]
		at := slices.IndexFunc(m.Runs, func(r Run) bool { return r.ID == last.First.Run })
		slower := last.Figure == "time" && last.Change.Value > 0
		switch {
		case at < len(m.Runs)-recent:
		case slower:
			return state{rankSlower, "off", "slower since " + day(last.First.Time)}
		case last.Figure == "time":
			return state{rankFaster, "good", "faster since " + day(last.First.Time)}
		}
	}
	if rec.Outcome() == results.NotPredicted || len(rec.Checks) == 0 {
		return state{rankGood, "", "measured"}
	}
	return state{rankGood, "good", "✓ as predicted"}
}

// figure is the newest of the case, tokens a second or the cache's bytes, and a number
// to sort it by: caches stand behind all speeds.
func (c Case) figure() (string, float64) {
	if at, ok := c.last(); ok {
		return figure.Rate(at.Median) + " t/s", at.Median
	}
	if kv, ok := at(c.KVBytes, len(c.History.Points)); ok {
		return figure.Size(float64(kv)) + " KV", -1 / float64(max(kv, 1))
	}
	return "-", -2
}

func (c Case) last() (report.Point, bool) {
	last, _, _ := c.lastTwo()
	return last, last.Median > 0
}

// lastTwo are the newest two timed points, the newest first.
func (c Case) lastTwo() (last, before report.Point, both bool) {
	for _, p := range slices.Backward(c.History.Points) {
		switch {
		case p.Median <= 0:
		case last.Median == 0:
			last = p
		default:
			return last, p, true
		}
	}
	return last, before, false
}
