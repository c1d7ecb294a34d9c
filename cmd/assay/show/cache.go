package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
	"assay/results/figure"
)

// mostRows is how many cases of cache and plan a run shows a row each of; more than
// that are summed up by model.
const mostRows = 16

// printCaches prints the cases that are not timed.
func printCaches(w io.Writer, records []results.Record) {
	records = slices.DeleteFunc(slices.Clone(records), timed)
	if len(records) > mostRows {
		printCacheSums(w, records)
		return
	}
	for _, group := range grouped(records) {
		fmt.Fprintf(w, "\n%s\n", heading(group[0]))
		printCache(w, group)
	}
}

func printCache(w io.Writer, records []results.Record) {
	t := NewTable(w, table.Row{"n_ctx", "K/V", "swa", "KV predicted", "measured", "off", "FLOPs pred.", "executed", "off ", ""},
		"n_ctx", "KV predicted", "measured", "off", "FLOPs pred.", "executed", "off ")
	hasWindow, works := false, false
	for _, r := range records {
		hasWindow = hasWindow || swa(r) != "-"
		works = works || predicted(r).FLOPs != nil || measured(r).FLOPs != nil
		t.AppendRow(table.Row{
			r.Case.NCtx, cacheType(r.Case), swa(r),
			bytesOf(predicted(r).KVBytes), bytesOf(cacheFound(r)), difference(residual(r).KVBytes),
			opsOf(predicted(r).FLOPs), opsOf(measured(r).FLOPs), difference(residual(r).FLOPs), mark(r),
		})
	}
	t.leaveOut("swa", !hasWindow)
	for _, name := range []string{"FLOPs pred.", "executed", "off "} {
		t.leaveOut(name, !works)
	}
	t.Render()
}

// printCacheSums prints a row for each model: how many caches were made, of which
// sizes, and whether each was as predicted.
func printCacheSums(w io.Writer, records []results.Record) {
	fmt.Fprintln(w)
	t := NewTable(w, table.Row{"model (skeleton)", "cases", "KV cache", "FLOPs", "as predicted", ""}, "cases")
	for _, group := range grouped(records) {
		held := 0
		var kv, flops []int64
		for _, r := range group {
			if r.Outcome() == results.Held {
				held++
			}
			if n := cacheFound(r); n != nil {
				kv = append(kv, *n)
			}
			if n := measured(r).FLOPs; n != nil {
				flops = append(flops, *n)
			}
		}
		says, sign := fmt.Sprintf("%d of %d", held, len(group)), "✗"
		if held == len(group) {
			says, sign = "all, exactly", "✓"
		}
		name := clip(Safe(group[0].Runtime.Name+" "+group[0].Model.Name), 26)
		t.AppendRow(table.Row{name, len(group), extent(kv, figure.Size), extent(flops, func(n float64) string { return figure.Count(n) }), says, sign})
	}
	t.Render()
}

// extent is the smallest and the largest of several figures.
func extent(all []int64, written func(float64) string) string {
	if len(all) == 0 {
		return "-"
	}
	lo, hi := written(float64(slices.Min(all))), written(float64(slices.Max(all)))
	if lo == hi {
		return lo
	}
	if a, b := strings.Fields(lo), strings.Fields(hi); len(a) == 2 && len(b) == 2 && a[1] == b[1] {
		lo = a[0]
	}
	return lo + " – " + hi
}

// cacheFound is what the cache took, or in a plan what the log says that it would.
func cacheFound(r results.Record) *int64 {
	if src := measured(r).KVSources; measured(r).KVBytes == nil && src != nil {
		return src.Log
	}
	return measured(r).KVBytes
}
