package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
	"assay/results/figure"
)

// printLosses prints what the types of weights and caches lose, beside the speed,
// where a run has several: divergence and perplexity against the most precise.
func printLosses(w io.Writer, records []results.Record) {
	t := NewTable(w, table.Row{"model", "weights", "K/V", "test", "t/s", "with KV", "KL, nats", "worst", "perplexity"},
		"t/s", "with KV", "KL, nats", "worst", "perplexity")
	rows := 0
	for i, loss := range results.Losses(records) {
		if loss == nil {
			continue
		}
		rows++
		r := records[i]
		speed := "-"
		if tps := measured(r).TokensPerSecond; tps != nil {
			speed = figure.Rate(tps.Median)
		}
		t.AppendRow(table.Row{
			Clip(Safe(r.Model.Called()), 20), orDash(Safe(r.Model.Weights())), cacheType(r.Case), r.Case.Test(), speed, bytesOf(held(r)),
			fmt.Sprintf("%.2g", loss.KL), fmt.Sprintf("%.2g", loss.WorstKL), figure.Change(loss.Perplexity - 1),
		})
	}
	if rows == 0 {
		return
	}
	fmt.Fprintln(w, "\nWhat the types lose, against the most precise of the run")
	t.Render()
}

// held is what weights and cache take together, where both are known.
func held(r results.Record) *int64 {
	m := measured(r)
	if m.WeightBytes == nil || m.KVBytes == nil {
		return nil
	}
	return new(*m.WeightBytes + *m.KVBytes)
}

// printAgreement says in one line that settings which must not matter do not; those
// that do stand among the problems.
func printAgreement(w io.Writer, records []results.Record) {
	cases := 0
	for _, r := range records {
		for _, c := range r.Checks {
			switch {
			case c.Name == results.OutputCheck && !c.OK:
				return
			case c.Name == results.OutputCheck:
				cases++
			}
		}
	}
	if cases > 0 {
		fmt.Fprintf(w, "✓ the same comes out of %s whose settings must not matter to it\n", agreeing(cases))
	}
}

func agreeing(cases int) string {
	if cases == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", cases)
}
