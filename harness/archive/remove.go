package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/results"
	"assay/results/jsonl"
	"assay/results/store"
)

// Removed is a run that was taken out of the store.
type Removed struct {
	Run     string `json:"run"`
	Machine string `json:"machine"`
	Cases   int    `json:"cases"`
	// File has its records; to import it brings the run back.
	File string `json:"file"`
}

// Remove takes runs out of the store after it wrote each to a file, from which it can
// be imported again. All are found before the first is removed; one that is going on
// here, or that a baseline stands on, is refused.
func Remove(ctx context.Context, s *store.Store, selectors []string) ([]Removed, error) {
	dirs, err := home.Find()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, selector := range selectors {
		id, err := s.SelectID(ctx, selector, store.Filter{})
		if err != nil {
			return nil, failure.Input(err)
		}
		ids = append(ids, id)
	}
	var done []Removed
	for _, id := range ids {
		one, err := remove(ctx, s, dirs, id)
		if err != nil {
			return done, err
		}
		done = append(done, one)
	}
	return done, nil
}

func remove(ctx context.Context, s *store.Store, dirs home.Home, id string) (Removed, error) {
	out := Removed{Run: id, File: filepath.Join(dirs.Removed(), id+".jsonl")}
	if goesOn(dirs, id) {
		return out, failure.Input(fmt.Errorf("run %s is going on; stop it first", id))
	}
	run, err := s.Run(ctx, id)
	if err != nil {
		return out, failure.Input(err)
	}
	out.Cases, out.Machine = len(run.Records), HostOf([]results.Run{run}).Machine()
	var text bytes.Buffer
	w := jsonl.NewWriter(&text)
	for _, r := range run.Records {
		if err := w.Write(r); err != nil {
			return out, err
		}
	}
	_, err = os.Stat(out.File)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err := errors.Join(w.Close(), os.MkdirAll(dirs.Removed(), 0o755), home.WriteFile(out.File, text.Bytes())); err != nil {
		return out, fmt.Errorf("run %s was not removed: %w", id, err)
	}
	if err := s.Remove(ctx, id); err != nil {
		if isNew {
			err = errors.Join(err, os.Remove(out.File))
		}
		return out, failure.Input(err)
	}
	return out, nil
}

// goesOn reports whether a process on this machine holds the run's journal.
func goesOn(dirs home.Home, id string) bool {
	f, err := os.Open(dirs.Journal(id))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	return errors.Is(home.Lock(f), home.ErrLocked)
}
