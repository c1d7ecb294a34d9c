package site

import (
	"cmp"
	"html/template"
	"slices"
	"time"

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
		Page: casePage(m, i), Machine: m.Name, Runtime: rec.Runtime.Name, Model: report.ModelName(rec), Test: rec.Case.Test(),
		Settings: rec.Case.Variant(),
		State:    c.state(m, i, newest), Spark: report.Spark(c.History),
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
