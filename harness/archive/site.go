package archive

import (
	"context"
	"iter"
	"slices"
	"time"

	"assay/results"
	"assay/results/diff"
	"assay/results/report"
	"assay/results/site"
	"assay/results/store"
	"assay/results/trend"
)

// SiteOptions say what a site is to show.
type SiteOptions struct {
	// Nights is how many of each machine's runs are shown; 0 is all.
	Nights int
	// Reports is how many of each machine's newest runs have a page of their own.
	Reports int
}

// Site writes the site of a store into a folder.
func Site(ctx context.Context, s *store.Store, dir string, o SiteOptions) error {
	in := site.Input{Made: time.Now()}
	infos, err := s.Runs(ctx, store.Filter{Recorded: true})
	if err != nil {
		return err
	}
	var names []string
	for _, r := range infos {
		if !slices.Contains(names, r.Machine) {
			names = append(names, r.Machine)
		}
	}
	slices.Sort(names)
	tags, err := tagsOf(ctx, s)
	if err != nil {
		return err
	}
	for _, name := range names {
		m, err := gather(ctx, s, name, o)
		if err != nil {
			return err
		}
		for i := range m.Runs {
			m.Runs[i].Tags = tags[m.Runs[i].ID]
		}
		in.Machines = append(in.Machines, m)
	}
	return site.Write(dir, in)
}

func tagsOf(ctx context.Context, s *store.Store) (map[string][]string, error) {
	all, err := s.Tags(ctx)
	by := map[string][]string{}
	for _, t := range all {
		by[t.Run] = append(by[t.Run], t.Name)
	}
	return by, err
}

// gather reads all that a site shows of one machine.
func gather(ctx context.Context, s *store.Store, name string, o SiteOptions) (site.Machine, error) {
	m := site.Machine{Name: name}
	filter := store.Filter{Machine: name, Recorded: true, Last: o.Nights}
	infos, err := s.Runs(ctx, filter)
	if err != nil {
		return m, err
	}
	for i, r := range infos {
		one := site.Run{ID: r.ID, Time: r.Started, OK: r.OK, Failed: r.Failed, Unfit: r.Unfit}
		if i >= len(infos)-o.Reports {
			base := ""
			if i > 0 {
				base = infos[i-1].ID
			}
			one.Report = func() (report.Input, error) { return runReport(ctx, s, r.ID, base) }
		}
		m.Runs = append(m.Runs, one)
	}
	newest, err := s.Run(ctx, infos[len(infos)-1].ID)
	if err != nil {
		return m, err
	}
	m.Trend, err = trend.Analyse(courses(s.History(ctx, filter), newest, &m.Cases), trend.Options{})
	if err != nil {
		return m, err
	}
	for i := range m.Cases {
		c := &m.Cases[i]
		m.Trend.Cases[i].Points = nil // the history has them
		c.History = c.History.WithChanges(m.Trend.Cases[i].Changes, c.Record.Case.Tokens())
	}
	return m, nil
}

// courses passes series on and keeps of each, without its samples, what a site shows.
func courses(all iter.Seq2[results.Series, error], newest results.Run, cases *[]site.Case) iter.Seq2[results.Series, error] {
	records := newest.ByKey()
	return func(yield func(results.Series, error) bool) {
		for one, err := range all {
			if err == nil {
				c := site.Case{History: report.NewHistory(one)}
				if rec, ok := records[one.Key]; ok {
					c.Record = rec
				} else {
					c.Record = results.Record{Runtime: one.Runtime, Model: one.Model, Case: one.Case}
				}
				for k, p := range one.Points {
					c.KVBytes, c.FLOPs = site.Steps(c.KVBytes, k, p.KVBytes), site.Steps(c.FLOPs, k, p.FLOPs)
				}
				*cases = append(*cases, c)
			}
			if !yield(one, err) {
				return
			}
		}
	}
}

// runReport is the report of a run beside the one before it, without histories: those
// have pages of their own.
func runReport(ctx context.Context, s *store.Store, head, base string) (report.Input, error) {
	var in report.Input
	var err error
	if in.Head, err = s.Run(ctx, head); err != nil {
		return in, err
	}
	if base != "" {
		if err := compareInto(ctx, s, &in, Options{Base: base, Across: diff.Aspects()}); err != nil {
			return in, err
		}
	}
	in.Rooflines, err = Rooflines(ctx, s, in.Head)
	return in, err
}
