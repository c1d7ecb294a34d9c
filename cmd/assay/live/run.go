// Package live shows a run while it goes on: progress, a row for each timed case, and
// at the end what they amount to. It measures nothing and knows no flag.
package live

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"assay/cmd/assay/show"
	"assay/harness/run"
	"assay/results"
	"assay/results/export"
	"assay/results/figure"
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
	for _, falls := range plan.Fallbacks {
		fmt.Fprintln(p.Err, show.Wrapped(show.Safe(falls)+".", ""))
	}
	p.rows = newRows(plan, p.Coloured)
	p.Progress.Planned(plan)
}

// tables reports whether standard output has what people read.
func (p *Run) tables() bool { return !p.JSON && p.Format == "" && !p.bench.WritesTo(p.Out) }

// Record takes a finished record: a timed one is printed at once.
func (p *Run) Record(r results.Record) {
	p.Taken = append(p.Taken, r)
	if p.tables() && show.Timed(r) {
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

// Finish prints what was measured, as far as it does not stand there.
func (p *Run) Finish() (err error) {
	p.Stop()
	switch {
	case p.JSON:
		results.Sort(p.Taken)
		err = show.JSON(p.Out, p.Taken)
	case p.Format != "":
		err = p.export(p.Out, p.Format)
	case p.tables() && p.rows != nil:
		for _, r := range p.partial {
			if show.Timed(r) && show.OrEmpty(r.Measured).TokensPerSecond != nil {
				fmt.Fprint(p.Out, p.rows.row(r, fmt.Sprintf("  %d of %d samples", len(show.OrEmpty(r.Measured).SamplesNS),
					p.plan.Suite.Samples*p.plan.Suite.Rounds)))
			}
		}
		p.closing(p.Out)
		p.advise(p.Out)
	}
	if p.ErrFormat != "" {
		err = errors.Join(err, p.export(p.Err, p.ErrFormat))
	}
	if p.bench.Records != "" {
		fmt.Fprintf(p.Err, "\nrun %s: %s in %s\n", p.bench.RunID, figure.Several(len(p.Taken), "case"), p.bench.Records)
	}
	return err
}

// export writes what was timed as llama-bench does.
func (p *Run) export(w io.Writer, format string) error {
	all := append(p.Taken, p.partial...)
	for _, r := range all {
		if show.Timed(r) && r.Status == results.StatusOK {
			return export.Write(w, "llama-bench-"+format, []results.Run{{ID: p.bench.RunID, Records: all}})
		}
	}
	return nil
}

// closing prints what belongs to no row: caches, what did not hold or is missing, and
// rules that were asked for.
func (p *Run) closing(w io.Writer) {
	results.Sort(p.Taken)
	show.Caches(w, p.Taken)
	p.best(w)
	switch {
	case p.Rules:
		show.Verdicts(w, p.Taken)
	case p.Builtin:
		show.ChiefVerdicts(w, p.Taken)
	}
	show.Closing(w, p.Taken)
}

// advise says what is missing, and what to do next.
func (p *Run) advise(w io.Writer) {
	if p.rows.begun && !p.plan.Foretold {
		fmt.Fprintln(w, "No speed is predicted here before 'assay run --calibrate' and 'assay fit'.")
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

// best names the fastest row of each test that was run with several settings.
func (p *Run) best(w io.Writer) {
	settings := varying(timedOf(p.plan.Items))
	fastest, count, order := map[string]results.Record{}, map[string]int{}, []string{}
	for _, r := range p.Taken {
		if show.OrEmpty(r.Measured).TokensPerSecond == nil {
			continue
		}
		key := sweepKey(r)
		if count[key]++; count[key] == 1 {
			order = append(order, key)
		}
		if at, ok := fastest[key]; !ok || show.OrEmpty(r.Measured).TokensPerSecond.Median > show.OrEmpty(at.Measured).TokensPerSecond.Median {
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
		fmt.Fprintln(w, show.Wrapped(show.Safe(line), ""))
	}
}
