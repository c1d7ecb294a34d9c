// Package archive reads what was measured before: it opens the store, selects runs,
// and gathers what a report shows. It does not know how anything is measured.
package archive

import (
	"context"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/results"
	"assay/results/imports"
	"assay/results/store"
)

// HostOf is the host of the first record that any of the runs has: one that was
// interrupted early has none.
func HostOf(runs []results.Run) results.Host {
	for _, run := range runs {
		if len(run.Records) > 0 {
			return run.Records[0].Host
		}
	}
	return results.Host{}
}

// Open opens a store for writing, too: a file or DSN, or the user's own if
// dsn is empty.
func Open(ctx context.Context, dsn string) (*store.Store, error) {
	return open(ctx, dsn, store.Open)
}

// Read opens the same store and makes none.
func Read(ctx context.Context, dsn string) (*store.Store, error) {
	return open(ctx, dsn, store.Read)
}

func open(ctx context.Context, dsn string, open func(context.Context, string) (*store.Store, error)) (*store.Store, error) {
	dsn, err := home.Secret(dsn, "ASSAY_STORE")
	if err != nil {
		return nil, failure.Input(err)
	}
	if dsn == "" {
		dirs, err := home.Find()
		if err != nil {
			return nil, err
		}
		dsn = dirs.Store()
	}
	return open(ctx, dsn)
}

// Select reads the runs that the selectors name, from the store or files.
func Select(ctx context.Context, s *store.Store, selectors []string) ([]results.Run, error) {
	var runs []results.Run
	for _, selector := range selectors {
		selector, release := cutRelease(selector)
		run, err := s.Select(ctx, selector, store.Filter{}, readAny)
		if err == nil && release != "" {
			run, err = onlyRelease(run, release)
		}
		if err != nil {
			return nil, failure.Input(err)
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Replayable reads the runs that the selectors name, files with several runs among
// them, or all of the store.
func Replayable(ctx context.Context, s *store.Store, selectors []string) ([]results.Run, error) {
	var runs []results.Run
	if len(selectors) == 0 {
		infos, err := s.Runs(ctx, store.Filter{Recorded: true})
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			run, err := s.Run(ctx, info.ID)
			if err != nil {
				return nil, err
			}
			runs = append(runs, run)
		}
	}
	for _, selector := range selectors {
		some, err := s.SelectAll(ctx, selector, readAny)
		if err != nil {
			return nil, failure.Input(err)
		}
		runs = append(runs, some...)
	}
	return runs, nil
}

// selectOne reads the run that a selector names.
func selectOne(ctx context.Context, s *store.Store, selector string) (results.Run, error) {
	runs, err := Select(ctx, s, []string{selector})
	if err != nil {
		return results.Run{}, err
	}
	return runs[0], nil
}

// readAny reads a file of any format that can be imported.
func readAny(name string) ([]results.Run, error) { return imports.ReadFile(name, imports.Options{}) }
