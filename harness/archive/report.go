package archive

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"assay/results"
	"assay/results/diff"
	"assay/results/report"
	"assay/results/store"
	"assay/results/trend"
)

// Options say what a report is to show.
type Options struct {
	// Head and Base select runs; Base may be "" for none.
	Head, Base string
	// Nights is how many of the machine's runs the histories go back.
	Nights int
	// Across lets runs be compared that differ in chip, power or version.
	Across []diff.Aspect
	// Markdown is for a pull request; otherwise the report is HTML.
	Markdown bool
	// Compared is a comparison that was made already, in place of Base.
	Compared *diff.Diff
}

// Report writes what [Assemble] gathers.
func Report(ctx context.Context, w io.Writer, s *store.Store, o Options) error {
	in, err := Assemble(ctx, s, o)
	if err != nil {
		return err
	}
	if o.Markdown {
		return report.Markdown(w, in)
	}
	return report.HTML(w, in)
}

// Assemble gathers what a report shows: the run, what moved since the
// base, the histories of its machine and the roof of its newest fit.
func Assemble(ctx context.Context, s *store.Store, o Options) (report.Input, error) {
	in := report.Input{Made: time.Now()}
	head, err := selectOne(ctx, s, o.Head)
	if err != nil {
		return in, err
	}
	in.Head = head
	switch {
	case o.Compared != nil:
		in.Base = &results.Run{ID: o.Compared.Base.Run}
		in.Findings, in.Notes = report.FromDiff(*o.Compared)
	case o.Base != "":
		if err := compareInto(ctx, s, &in, o); err != nil {
			return in, err
		}
	}
	if in.Histories, err = histories(ctx, s, head, o.Nights); err != nil {
		return in, err
	}
	in.Rooflines, err = Rooflines(ctx, s, head)
	return in, err
}

// compareInto adds what moved since the base. Runs that cannot be compared are
// shown all the same, and why is said.
func compareInto(ctx context.Context, s *store.Store, in *report.Input, o Options) error {
	base, err := selectOne(ctx, s, o.Base)
	if err != nil {
		return err
	}
	d, err := diff.Compare(base, in.Head, diff.Options{Across: o.Across})
	var incomparable *diff.IncomparableError
	if errors.As(err, &incomparable) {
		in.Notes = []string{incomparable.Error()}
		return nil
	}
	if err != nil {
		return err
	}
	in.Base = &base
	in.Findings, in.Notes = report.FromDiff(d)
	return nil
}

// histories returns the series of the run's cases with where they changed.
func histories(ctx context.Context, s *store.Store, head results.Run, nights int) ([]report.History, error) {
	if len(head.Records) == 0 {
		return nil, nil
	}
	cases, machine := head.ByKey(), head.Records[0].Host.Machine()
	var kept []results.Series
	all := s.History(ctx, store.Filter{Machine: machine, Last: nights})
	found, err := trend.Analyse(selected(all, func(one results.Series) bool {
		_, ok := cases[one.Key]
		ok = ok && one.Machine == machine && one.Case.Tokens() > 0
		if ok {
			kept = append(kept, one)
		}
		return ok
	}), trend.Options{})
	if err != nil {
		return nil, err
	}
	return report.FromTrend(found, kept), nil
}

// selected passes on the series that keep wants.
func selected(all iter.Seq2[results.Series, error], keep func(results.Series) bool) iter.Seq2[results.Series, error] {
	return func(yield func(results.Series, error) bool) {
		for one, err := range all {
			if (err != nil || keep(one)) && !yield(one, err) {
				return
			}
		}
	}
}
