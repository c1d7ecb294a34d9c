package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/run"
	"assay/harness/runtime"
	"assay/results"
)

// Run shows a run: progress while it goes on, tables at its end.
type Run struct {
	Out, Err io.Writer
	// Draw is where progress goes; nil for none.
	Draw  io.Writer
	JSON  bool
	Taken []results.Record
}

// Found says which runtimes will be used and which will not.
func (p *Run) Found(b *run.Bench) {
	for _, probed := range b.Probed {
		if probed.Err == nil {
			fmt.Fprintf(p.Err, "%s %s on %s\n", probed.Name, probed.Runtime.Version, probed.Runtime.Device)
		}
	}
	for _, why := range b.Unusable() {
		fmt.Fprintf(p.Err, "not used: %s\n", why)
	}
}

// Progress is one line that is written over; without a terminal it is silent.
func (p *Run) Progress(step run.Progress) {
	if p.Draw == nil {
		return
	}
	line := fmt.Sprintf("round %d/%d, case %d/%d: %s, %s", step.Round, step.Rounds, step.Done+1, step.Total, label(step.Item.Ref, step.Item.WeightType), step.Item.Case.Test())
	fmt.Fprintf(p.Draw, "\r\x1b[K%s", clip(Safe(line+" ("+step.Phase+")"), 79))
}

// Record takes a finished record, to be printed at the end.
func (p *Run) Record(r results.Record) { p.Taken = append(p.Taken, r) }

func (p *Run) clear() {
	if p.Draw != nil {
		fmt.Fprint(p.Draw, "\r\x1b[K")
	}
}

// Finish prints what was measured.
func (p *Run) Finish(b *run.Bench) (err error) {
	p.clear()
	sortRecords(p.Taken)
	switch {
	case p.JSON:
		err = JSON(p.Out, p.Taken)
	case b.WritesTo(p.Out):
	default:
		printRecords(p.Out, p.Taken)
	}
	if b.Records != "" {
		fmt.Fprintf(p.Err, "\nrun %s: %d cases in %s\n", b.RunID, len(p.Taken), b.Records)
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
	printFallbacks(w, records)
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
	what := Safe(r.Model.Name)
	switch r.Model.Skeleton {
	case runtime.SkeletonKV:
		what += ", KV-faithful skeleton"
	case runtime.SkeletonFull:
		what += ", full-shape skeleton"
	}
	return fmt.Sprintf("%s: %s", r.Runtime.Name, what)
}

func printCache(w io.Writer, records []results.Record) {
	t := NewTable(w, table.Row{"n_ctx", "K/V", "swa", "KV predicted", "measured", "res", "FLOPs pred.", "executed", "res "},
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

// printLacking says once without which kernels a runtime's figures were measured.
func printLacking(w io.Writer, records []results.Record) {
	said := map[string]bool{}
	for _, r := range records {
		lacks := r.Runtime.Kernels.Lacking(r.Host.Chip)
		if line := r.Runtime.Name + ": " + lacks + "."; lacks != "" && !said[line] {
			said[line] = true
			fmt.Fprintln(w, Wrapped(Safe(line), ""))
		}
	}
}

// printFallbacks says once what a device has no kernel for, and in a line for each
// case what ran on the CPU beside it.
func printFallbacks(w io.Writer, records []results.Record) {
	said := map[string]bool{}
	for _, r := range records {
		for _, falls := range predicted(r).Fallbacks {
			if !said[falls] {
				said[falls] = true
				fmt.Fprintln(w, Wrapped(Safe(falls)+".", ""))
			}
		}
		if p := measured(r).Placement; p != nil && len(p.FellBack) > 0 {
			fmt.Fprintln(w, Wrapped(Safe(r.Case.Variant()+": "+p.String()), ""))
		}
	}
}
