package site

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"time"

	"assay/results"
	"assay/results/figure"
	"assay/results/report"
)

// wall is the first page.
type wall struct {
	Made     time.Time
	Machines []machineCard
	Rows     []row
	Bad      int
}

// machineCard is a machine at a glance.
type machineCard struct {
	Name, Newest, Page, Compare string
	Time                        time.Time
	Runs, Cases, Bad            int
	Unfit                       bool
	Common                      []change
}

// row is one case on the wall.
type row struct {
	Page, Machine, Runtime, Model, Test, Settings string
	State                                         state
	Figure, Off, Before, Changed                  string
	// Value, Delta and Missed are what columns are sorted by.
	Value, Delta, Missed float64
	Day                  time.Time
	Spark                template.HTML
}

// state is what there is to say of a case, the worst first.
type state struct {
	Rank        int
	Class, Word string
}

// recent is how many runs back a change of level is still news.
const recent = 14

func newWall(in Input) wall {
	w := wall{Made: in.Made}
	for _, m := range in.Machines {
		card := machineCard{Name: m.Name, Runs: len(m.Runs), Cases: len(m.Cases)}
		if n := len(m.Runs); n > 0 {
			last := m.Runs[n-1]
			card.Newest, card.Time, card.Unfit = last.ID, last.Time, last.Unfit > 0
			if last.Report != nil {
				card.Page = runPage(last)
			}
			if n > 1 {
				card.Compare = compareLink(m, m.Runs[n-2].ID, last.ID)
			}
		}
		for _, c := range slices.Backward(m.Trend.Common) {
			card.Common = append(card.Common, newChange(m, c, nil))
		}
		card.Common = card.Common[:min(len(card.Common), 5)]
		newest := m.newest()
		for i := range m.Cases {
			r := newRow(m, i, newest)
			if r.State.Rank < rankGood {
				card.Bad++
			}
			w.Rows = append(w.Rows, r)
		}
		w.Bad += card.Bad
		w.Machines = append(w.Machines, card)
	}
	slices.SortStableFunc(w.Rows, func(a, b row) int { return cmp.Compare(a.State.Rank, b.State.Rank) })
	return w
}

func newRow(m Machine, i int, newest string) row {
	c := m.Cases[i]
	rec := c.Record
	r := row{
		Page: casePage(m, i), Machine: m.Name, Runtime: rec.Runtime.Name, Model: report.ModelName(rec), Test: rec.Case.Test(), Settings: rec.Case.Variant(),
		State: c.state(m, i, newest), Spark: report.Spark(c.History),
	}
	r.Figure, r.Value = c.figure()
	if n := len(c.History.Points); n > 0 {
		r.Day = c.History.Points[n-1].Time
	}
	if last, before, ok := c.lastTwo(); ok {
		r.Delta = last.Median/before.Median - 1
		r.Before = figure.Change(r.Delta)
	}
	if p := rec.Predicted; p != nil && p.TokensPerSecond != nil {
		if at, ok := c.last(); ok && p.TokensPerSecond.Value > 0 {
			r.Missed = at.Median/p.TokensPerSecond.Value - 1
			r.Off = figure.Change(r.Missed)
		}
	}
	if changes := m.Trend.Cases[i].Changes; len(changes) > 0 {
		last := newChange(m, changes[len(changes)-1], &c)
		r.Changed = last.Day + ": " + last.Change
		if last.Figure != "tokens/s" {
			r.Changed = last.Day + ": " + last.Figure
		}
	}
	return r
}

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

func compareLink(m Machine, base, head string) string {
	return fmt.Sprintf("compare.html#%s", query(m.Name, base, head))
}
