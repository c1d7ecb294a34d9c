package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
	"assay/results/figure"
)

// printLosses prints what the types of weights and caches lose, beside the speed,
// where a run has several: divergence and perplexity against the most precise. Of a
// skeleton's random weights they say nothing.
func printLosses(w io.Writer, records []results.Record) {
	t := NewTable(w, table.Row{"model", "weights", "K/V", "test", "t/s", "with KV", "KL, nats", "worst", "perplexity"},
		"t/s", "with KV", "KL, nats", "worst", "perplexity")
	rows := 0
	for i, loss := range results.Losses(records) {
		if loss == nil || records[i].Model.Skeleton != "" {
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
	if made, broken := outputChecks(records); made > 0 && broken == 0 {
		fmt.Fprintf(w, "✓ the same comes out of %s whose settings must not matter to it\n", figure.Several(made, "case"))
	}
}

// outputChecks counts the checks of what came out, and those that do not hold.
func outputChecks(records []results.Record) (made, broken int) {
	for _, r := range records {
		for _, c := range r.Checks {
			if c.Name == results.OutputCheck {
				made++
				if !c.OK {
					broken++
				}
			}
		}
	}
	return made, broken
}
