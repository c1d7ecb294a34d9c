package show

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"assay/harness/run"
	"assay/results"
	"assay/results/export"
)

// Run shows a run: progress and a row for each timed case while it goes on, what they
// amount to at its end.
type Run struct {
	Out, Err io.Writer
	*Progress
	// Coloured says that Out is a terminal that shows colours.
	Coloured bool
	JSON     bool
	// Format and ErrFormat are llama-bench's formats, for Out in place of the table
	// and for Err beside it.
	Format, ErrFormat string
	// Rules asks for rival rules in full; Builtin is the suite of newcomers, who get
	// them in few lines and are told what to do next.
	Rules, Builtin bool
	Taken          []results.Record

	bench   *run.Bench
	partial []results.Record
	rows    *rows
	plan    run.Planned
}

// Found says which runtimes will not be used.
func (p *Run) Found(b *run.Bench) {
	p.bench = b
	for _, probed := range b.Probed {
		if probed.Err != nil {
			fmt.Fprintf(p.Err, "not used: %s; 'assay doctor' says why\n", probed.Name)
		}
	}
}

// Planned takes what will be run.
func (p *Run) Planned(plan run.Planned) {
	p.plan = plan
	p.rows = newRows(plan, p.Coloured)
	p.Progress.Planned(plan)
}

// tables reports whether standard output has what people read.
func (p *Run) tables() bool { return !p.JSON && p.Format == "" && !p.bench.WritesTo(p.Out) }

// Record takes a finished record: a timed one is printed at once.
func (p *Run) Record(r results.Record) {
	p.Taken = append(p.Taken, r)
	if p.tables() && timed(r) {
		p.print(p.rows.row(r, ""))
	}
}

// Partial takes what there is of a case that was not finished.
func (p *Run) Partial(r results.Record) { p.partial = append(p.partial, r) }

// print writes to standard output; on a terminal that has a bar, above it.
func (p *Run) print(text string) {
	if !p.Coloured || !p.Above(strings.TrimSuffix(text, "\n")) {
		fmt.Fprint(p.Out, text)
	}
}

func timed(r results.Record) bool {
	return r.Case.Kind == results.KindPrefill || r.Case.Kind == results.KindDecode
}

// Finish prints what was measured, as far as it does not stand there.
func (p *Run) Finish() (err error) {
	p.Stop()
	switch {
	case p.JSON:
		sortRecords(p.Taken)
		err = JSON(p.Out, p.Taken)
	case p.Format != "":
		err = p.export(p.Out, p.Format)
	case p.tables() && p.rows != nil:
		for _, r := range p.partial {
			if timed(r) && measured(r).TokensPerSecond != nil {
				fmt.Fprint(p.Out, p.rows.row(r, fmt.Sprintf("  %d of %d samples", len(measured(r).SamplesNS), p.plan.Suite.Samples*p.plan.Suite.Rounds)))
			}
		}
		p.closing(p.Out)
	}
	if p.ErrFormat != "" {
		err = errors.Join(err, p.export(p.Err, p.ErrFormat))
	}
	if p.bench.Records != "" {
		fmt.Fprintf(p.Err, "\nrun %s: %s in %s\n", p.bench.RunID, several(len(p.Taken), "case"), p.bench.Records)
	}
	return err
}

// export writes what was timed as llama-bench does.
func (p *Run) export(w io.Writer, format string) error {
	all := append(p.Taken, p.partial...)
	for _, r := range all {
		if timed(r) && r.Status == results.StatusOK {
			return export.Write(w, "llama-bench-"+format, []results.Run{{ID: p.bench.RunID, Records: all}})
		}
	}
	return nil
}

// closing prints what belongs to no row: caches, what did not hold or is missing,
// rules that were asked for, and what to do next.
func (p *Run) closing(w io.Writer) {
	sortRecords(p.Taken)
	p.models(w)
	printCaches(w, p.Taken)
	p.best(w)
	switch {
	case p.Rules:
		printVerdicts(w, p.Taken)
	case p.Builtin:
		printChiefVerdicts(w, p.Taken)
	}
	printProblems(w, p.Taken)
	printMissing(w, p.Taken)
	printHostTime(w, p.Taken, apart(p.Taken))
	printUnfit(w, p.Taken)
	printLacking(w, p.Taken)
	printFallbacks(w, p.Taken)
	if p.rows.begun && !p.plan.Foretold {
		fmt.Fprintln(w, Wrapped("Speed is not predicted here before 'assay run --calibrate' and 'assay fit' have measured this machine.", ""))
	}
	if p.Builtin {
		fmt.Fprint(w, next)
	}
}

// next is what a newcomer may do after the built-in suite.
const next = `
Next:
  assay models                       the models that this machine has
  assay run -m model.gguf            measures one, in llama-bench's flags
  assay predict preset:llama-3.1-8b  what a model would take, without running it
  assay report                       this run as a page
`

// models says which models the rows are of, where there are several.
func (p *Run) models(w io.Writer) {
	names := namesOf(timedOf(p.plan.Items))
	if !names.several() || len(names.subjects) > 8 || !p.rows.begun {
		return
	}
	said := map[string]bool{}
	for _, r := range p.Taken {
		if line := names.of(r) + ": " + modelFacts(r); timed(r) && r.Status == results.StatusOK && !said[line] {
			if len(said) == 0 {
				fmt.Fprintln(w)
			}
			said[line] = true
			fmt.Fprintln(w, Wrapped(Safe(line), ""))
		}
	}
}

// best names the fastest row of each test that was run with several settings.
func (p *Run) best(w io.Writer) {
	settings := varying(timedOf(p.plan.Items))
	fastest, count, order := map[string]results.Record{}, map[string]int{}, []string{}
	for _, r := range p.Taken {
		if measured(r).TokensPerSecond == nil {
			continue
		}
		key := sweepKey(r)
		if count[key]++; count[key] == 1 {
			order = append(order, key)
		}
		if at, ok := fastest[key]; !ok || measured(r).TokensPerSecond.Median > measured(at).TokensPerSecond.Median {
			fastest[key] = r
		}
	}
	names := namesOf(timedOf(p.plan.Items))
	for _, key := range order {
		if count[key] < 2 {
			continue
		}
		r, words := fastest[key], []string{}
		for _, s := range settings {
			words = append(words, fmt.Sprintf("%s %v", s.Name, s.Of(r.Case)))
		}
		line := "fastest " + r.Case.Test() + ": " + strings.Join(words, ", ") + " (" + speedCell(r) + " t/s)"
		if names.several() {
			line = names.of(r) + ", " + line
		}
		fmt.Fprintln(w, Wrapped(Safe(line), ""))
	}
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

func heading(r results.Record) string {
	what := r.Model.Name
	if stand := standIn(r.Model.Skeleton); stand != "" {
		what += ", " + stand
	}
	return Safe(r.Runtime.Name + ": " + what)
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
