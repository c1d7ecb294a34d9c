package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/run"
	"assay/harness/runtime"
	"assay/results"
	"assay/results/figure"
)

// runPrinter shows a run: progress while it goes on, tables at its end.
type runPrinter struct {
	streams
	json    bool
	live    bool
	records []results.Record
}

func newRunPrinter(s streams, json bool) *runPrinter {
	return &runPrinter{streams: s, json: json, live: s.terminal()}
}

// found says which runtimes will be used and which will not.
func (p *runPrinter) found(b *run.Bench) {
	for _, probed := range b.Probed {
		if probed.Err == nil {
			fmt.Fprintf(p.err, "%s %s on %s\n", probed.Name, probed.Runtime.Version, probed.Runtime.Device)
		}
	}
	for _, why := range b.Unusable() {
		fmt.Fprintf(p.err, "not used: %s\n", why)
	}
}

// progress is one line that is written over; without a terminal it is silent.
func (p *runPrinter) progress(step run.Progress) {
	if !p.live {
		return
	}
	line := fmt.Sprintf("round %d/%d, case %d/%d: %s, %s", step.Round, step.Rounds, step.Done+1, step.Total, label(step.Item.Ref, step.Item.WeightType), step.Item.Case.Test())
	fmt.Fprintf(p.drawing(), "\r\x1b[K%s", clip(safe(line+" ("+step.Phase+")"), 79))
}

func (p *runPrinter) record(r results.Record) { p.records = append(p.records, r) }

func (p *runPrinter) clear() {
	if p.live {
		fmt.Fprint(p.drawing(), "\r\x1b[K")
	}
}

// finish prints what was measured.
func (p *runPrinter) finish(b *run.Bench) (err error) {
	p.clear()
	sortRecords(p.records)
	switch {
	case p.json:
		err = printJSON(p.out, p.records)
	case b.WritesTo(p.out):
	default:
		printRecords(p.out, p.records)
	}
	if b.Records != "" {
		fmt.Fprintf(p.err, "\nrun %s: %d cases in %s\n", b.RunID, len(p.records), b.Records)
	}
	return err
}

// printRecords prints the tables of a run: cache and arithmetic, speed, and
// what went wrong.
func printRecords(w io.Writer, records []results.Record) {
	for _, group := range grouped(records) {
		first := group[0]
		fmt.Fprintf(w, "\n%s\n", heading(first))
		if first.Case.Kind == results.KindPrefill || first.Case.Kind == results.KindDecode {
			printSpeed(w, group)
			continue
		}
		printCache(w, group)
	}
	printVerdicts(w, records)
	printProblems(w, records)
	printMissing(w, records)
	printUnfit(w, records)
	printLacking(w, records)
}

// grouped keeps records of one table together: same runtime, model and sort.
func grouped(records []results.Record) [][]results.Record {
	var out [][]results.Record
	place := map[string]int{}
	for _, r := range records {
		timed := r.Case.Kind == results.KindPrefill || r.Case.Kind == results.KindDecode
		key := fmt.Sprint(r.Runtime.Name, r.Model.Ref, r.Model.Skeleton, timed)
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

func heading(r results.Record) string {
	what := safe(r.Model.Name)
	switch r.Model.Skeleton {
	case runtime.SkeletonKV:
		what += ", KV-faithful skeleton"
	case runtime.SkeletonFull:
		what += ", full-shape skeleton"
	}
	return fmt.Sprintf("%s: %s", r.Runtime.Name, what)
}

func printCache(w io.Writer, records []results.Record) {
	t := newTable(w, table.Row{"n_ctx", "K/V", "swa", "KV predicted", "measured", "res", "FLOPs pred.", "executed", "res "},
		"n_ctx", "KV predicted", "measured", "res", "FLOPs pred.", "executed")
	hasWindow, works := false, false
	for _, r := range records {
		hasWindow = hasWindow || swa(r) != "-"
		works = works || predicted(r).FLOPs != nil || measured(r).FLOPs != nil
		t.AppendRow(table.Row{
			r.Case.NCtx, cacheType(r.Case), swa(r),
			bytesOf(predicted(r).KVBytes), bytesOf(cacheFound(r)), difference(residual(r).KVBytes),
			opsOf(predicted(r).FLOPs), opsOf(measured(r).FLOPs), difference(residual(r).FLOPs),
		})
	}
	t.leaveOut("swa", !hasWindow)
	for _, name := range []string{"FLOPs pred.", "executed", "res "} {
		t.leaveOut(name, !works)
	}
	t.Render()
}

// cacheFound is what the cache took, or in a plan what the log says that it would.
func cacheFound(r results.Record) *int64 {
	if src := measured(r).KVSources; measured(r).KVBytes == nil && src != nil {
		return src.Log
	}
	return measured(r).KVBytes
}

// printVerdicts shows, for each rule set and model, which figures the
// measurement refutes, by how much at worst, and the fact that matters most.
func printVerdicts(w io.Writer, records []results.Record) {
	refuted := refutations(records)
	if len(refuted) == 0 {
		return
	}
	fmt.Fprint(w, "\nRival rules, as far as these measurements refute them\n")
	subject := ""
	t := newTable(w, table.Row{"rules and model", "figure", "off by", "chiefly because it assumes"}, "off by")
	wrapColumn(t, "chiefly because it assumes", 38)
	wrapColumn(t, "rules and model", 17)
	for _, v := range refuted {
		name := ""
		if v.subject != subject {
			name, subject = v.subject, v.subject
		}
		t.AppendRow(table.Row{name, v.worst.Figure, percent(v.worst), safe(v.worst.Chief)})
	}
	t.Render()
}

// refutation is one figure of one rule set for one model, at its worst.
type refutation struct {
	subject string
	worst   results.Verdict
}

func refutations(records []results.Record) []refutation {
	type key struct{ subject, figure string }
	worst := map[key]results.Verdict{}
	for _, r := range records {
		for _, v := range r.Verdicts {
			k := key{v.Rules + ", " + clip(safe(r.Model.Name), 30), v.Figure}
			if old, ok := worst[k]; !v.Confirmed && (!ok || off(v) > off(old)) {
				worst[k] = v
			}
		}
	}
	var out []refutation
	for k, v := range worst {
		out = append(out, refutation{k.subject, v})
	}
	slices.SortFunc(out, func(a, b refutation) int {
		return cmp.Or(strings.Compare(a.subject, b.subject), strings.Compare(a.worst.Figure, b.worst.Figure))
	})
	return out
}

func off(v results.Verdict) float64 {
	d := float64(v.Predicted-v.Measured) / float64(max(v.Measured, 1))
	return max(d, -d)
}

func percent(v results.Verdict) string {
	if v.Predicted == v.Measured {
		return "which" // the number is right, what it counts is not
	}
	return figure.Off(float64(v.Predicted-v.Measured) / float64(max(v.Measured, 1)))
}

// printProblems lists failed cases and checks that did not hold.
func printProblems(w io.Writer, records []results.Record) {
	for _, r := range records {
		if r.Status != results.StatusOK {
			fmt.Fprintf(w, "\n%s: %s: %s\n", r.Status, safe(string(r.Key())), safe(r.Error))
			for _, l := range r.Log {
				fmt.Fprintf(w, "    | %s\n", safe(l))
			}
		}
		for _, c := range r.Checks {
			if !c.OK {
				fmt.Fprintf(w, "\nrefuted: %s\n  %s: %s\n", safe(string(r.Key())), c.Name, safe(c.Detail))
			}
		}
	}
	if t := results.Count(records); t.Checks > 0 {
		fmt.Fprintf(w, "\n%d of %d checks hold.\n", t.Checks-t.Broken, t.Checks)
	}
}

// printMissing says once why a figure is absent, however many cases lack it.
func printMissing(w io.Writer, records []results.Record) {
	cases, order := map[string]int{}, []string{}
	for _, r := range records {
		lines := []string{}
		for figure, why := range measured(r).Missing {
			lines = append(lines, figure+" were not measured: "+why)
		}
		if r.Outcome() == results.NotPredicted {
			lines = append(lines, "nothing is predicted: "+r.NotPredicted)
		}
		for _, line := range lines {
			if cases[line]++; cases[line] == 1 {
				order = append(order, line)
			}
		}
	}
	slices.Sort(order)
	for _, line := range order {
		fmt.Fprintln(w, wrapped(fmt.Sprintf("In %d of %d cases %s.", cases[line], len(records), safe(line)), ""))
	}
}

// printUnfit says why the figures are not to be trusted: the reasons of the case
// that has the most, since readings differ from case to case.
func printUnfit(w io.Writer, records []results.Record) {
	var worst []string
	cases := 0
	for _, r := range records {
		if len(r.Host.Unfit) > 0 {
			cases++
		}
		if len(r.Host.Unfit) > len(worst) {
			worst = r.Host.Unfit
		}
	}
	if cases > 0 {
		line := fmt.Sprintf("This machine was not fit to be measured in %d of %d cases: %s.", cases, len(records), safe(strings.Join(worst, "; ")))
		fmt.Fprintln(w, wrapped(line, ""))
	}
}

// printLacking says once without which kernels a runtime's figures were measured.
func printLacking(w io.Writer, records []results.Record) {
	said := map[string]bool{}
	for _, r := range records {
		lacks := r.Runtime.Kernels.Lacking(r.Host.Chip)
		if line := r.Runtime.Name + ": " + lacks + "."; lacks != "" && !said[line] {
			said[line] = true
			fmt.Fprintln(w, wrapped(safe(line), ""))
		}
	}
}
