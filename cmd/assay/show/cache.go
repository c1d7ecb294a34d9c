package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/runtime"
	"assay/results"
	"assay/results/figure"
)

// mostRows is how many cases of cache and plan a run shows a row each of; more than
// that are summed up by model.
const mostRows = 16

// Caches prints the cases that are not timed.
func Caches(w io.Writer, records []results.Record) {
	records = slices.DeleteFunc(slices.Clone(records), Timed)
	if len(records) > mostRows {
		printCacheSums(w, records)
		return
	}
	file := results.FileApart(records)
	for _, group := range grouped(records) {
		fmt.Fprintf(w, "\n%s\n%s", heading(group[0], file(group[0].Model)), Needs(group))
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
			opsOf(predicted(r).FLOPs), opsOf(measured(r).FLOPs), difference(residual(r).FLOPs), Mark(r),
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
	t := NewTable(w, table.Row{"model (skeleton)", "cases", "KV cache", "FLOPs", "predicted", ""}, "cases")
	file := results.FileApart(records)
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
			says, sign = "exactly", "✓"
		}
		m := group[0].Model
		name := Clip(Safe(group[0].Runtime.Name+" "+m.Name), 24)
		if of := strings.TrimSpace(m.FileType + " " + file(m)); of != "" {
			name += " " + Safe(of)
		}
		t.AppendRow(table.Row{name, len(group), extent(kv, figure.Size), extent(flops, func(n float64) string { return figure.Count(n) }),
			says, sign})
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

// grouped keeps records of one table together: same runtime, model and type.
func grouped(records []results.Record) [][]results.Record {
	var out [][]results.Record
	place := map[string]int{}
	for _, r := range records {
		key := fmt.Sprint(r.Runtime.Name, r.Model.Ref, r.Model.Skeleton)
		at, ok := place[key]
		if !ok {
			at = len(out)
			place[key] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], r)
	}
	return out
}

// heading is a runtime and its model: what that is packed in, and its file where
// another is called and packed alike.
func heading(r results.Record, file string) string {
	what := strings.Join(strings.Fields(r.Model.Name+" "+r.Model.FileType+" "+file), " ")
	if stand := StandIn(r.Model.Skeleton); stand != "" {
		what += ", " + stand
	}
	return Safe(r.Runtime.Name + ": " + what)
}

// StandIn says what runs in a model's place.
func StandIn(skeleton string) string {
	switch skeleton {
	case runtime.SkeletonKV:
		return "KV-faithful skeleton"
	case runtime.SkeletonFull:
		return "full-shape skeleton"
	}
	return ""
}

// Timed reports whether a record is of a case that is repeated under the clock.
func Timed(r results.Record) bool {
	return r.Case.Kind == results.KindPrefill || r.Case.Kind == results.KindDecode
}

// Mark says at the end of a row whether all figures hold that were predicted.
func Mark(r results.Record) string {
	switch r.Outcome() {
	case results.Held:
		if len(r.Checks) > 0 {
			return "✓"
		}
	case results.Refuted, results.Failed, results.Skipped:
		return "✗"
	}
	return " "
}
