package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/results"
	"assay/results/jsonl"
	"assay/results/store"
)

// outputs are where a run's records go: its own file, a further one, the store. Each
// has a record once, however often the run is resumed. The own file must take a
// record; what the store could not take is kept and tried again, and a further file
// that fails is left out.
type outputs struct {
	store  *store.Store
	stdout io.Writer
	seen   func(results.Record)

	own, other *file
	// kept are the records that an earlier part of the run acknowledged: they are not
	// made anew.
	kept map[results.Key]results.Record
	// later could not be stored yet, because of trouble.
	later   []results.Record
	trouble error
	// lost is why the further file is not whole.
	lost error
}

// file is a file of records and what it has.
type file struct {
	w   *jsonl.Writer
	has map[results.Key]bool
}

// outputFiles are a run's files.
type outputFiles struct {
	own, other string
	resumed    bool
}

// checkOut refuses a further file that nothing can be written to, before anything is
// measured.
func checkOut(name string) error {
	info, err := os.Stat(name)
	switch {
	case name == "" || name == "-":
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(name)); err != nil {
			return failure.Input(fmt.Errorf("--out %q: there is no folder %s", name, filepath.Dir(name)))
		}
		return nil
	case err != nil:
		return failure.Input(fmt.Errorf("--out: %w", err))
	case info.IsDir():
		return failure.Input(fmt.Errorf("--out %q is a folder; name a file", name))
	case info.Mode().IsRegular():
		return nil
	}
	f, err := home.OpenInto(name)
	if err != nil {
		return failure.Input(fmt.Errorf("--out: %w", err))
	}
	return f.Close()
}

// open opens the files and reads what a resumed run has acknowledged.
func (o *outputs) open(ctx context.Context, runID string, files outputFiles) error {
	o.kept = map[results.Key]results.Record{}
	if files.resumed {
		if err := o.recall(ctx, runID, files.own); err != nil {
			return err
		}
	}
	var err error
	if o.own, err = o.openFile(files.own, runID, files.resumed); err != nil {
		return fmt.Errorf("the file of records: %w", err)
	}
	if files.other == "" {
		return nil
	}
	if o.other, err = o.openFile(files.other, runID, files.resumed); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// recall reads the records that the run's file, or the store, has already.
func (o *outputs) recall(ctx context.Context, runID, own string) error {
	have, err := recordsIn(own, runID)
	if err != nil {
		return err
	}
	if o.store != nil {
		run, err := o.store.Run(ctx, runID)
		if err != nil {
			return err
		}
		have = append(have, run.Records...) // the store's win: they are never changed
	}
	for _, rec := range have {
		o.kept[rec.Key()] = rec
	}
	return nil
}

// recordsIn reads a run's records from a file that may not be there, or break off.
func recordsIn(name, runID string) ([]results.Record, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	runs, err := jsonl.ReadRuns(f, name)
	if err != nil {
		return nil, fmt.Errorf("%w; move the file away to have it written anew", err)
	}
	for _, run := range runs {
		if run.ID == runID {
			return run.Records, nil
		}
	}
	return nil, nil
}

// openFile opens a file of records: a new run begins it anew, a resumed one adds what
// it has not.
func (o *outputs) openFile(name, runID string, resumed bool) (*file, error) {
	out := &file{has: map[results.Key]bool{}}
	info, err := os.Stat(name)
	switch {
	case name == "-":
		out.w = jsonl.NewWriter(o.stdout)
		return out, nil
	case err == nil && !info.Mode().IsRegular():
		f, err := home.OpenInto(name)
		if err == nil {
			out.w = jsonl.NewWriter(f)
		}
		return out, err
	case err == nil && !resumed:
		if err := os.Truncate(name, 0); err != nil {
			return nil, err
		}
	case err == nil:
		have, err := recordsIn(name, runID)
		if err != nil {
			return nil, err
		}
		for _, rec := range have {
			out.has[rec.Key()] = true
		}
	}
	out.w, err = jsonl.Append(name)
	return out, err
}

func (f *file) write(rec results.Record) error {
	if f == nil || f.has[rec.Key()] {
		return nil
	}
	if err := f.w.Write(rec); err != nil {
		return err
	}
	f.has[rec.Key()] = true
	return nil
}

// add writes a record everywhere that does not have it.
func (o *outputs) add(ctx context.Context, rec results.Record) error {
	if kept, ok := o.kept[rec.Key()]; ok {
		rec = kept
	}
	if err := o.own.write(rec); err != nil {
		return err
	}
	if o.lost == nil {
		o.lost = o.other.write(rec)
	}
	if o.store != nil {
		o.later = append(o.later, rec)
		if err := o.settle(ctx); err != nil {
			return err
		}
	}
	if o.seen != nil {
		o.seen(rec)
	}
	return nil
}

// settle stores what is to be stored. What a locked store or a lost connection does
// not take is tried again with the next record; what it refuses for itself ends the run.
func (o *outputs) settle(ctx context.Context) error {
	for len(o.later) > 0 {
		err := o.store.Add(ctx, o.later[0])
		var conflict *store.ConflictError
		if errors.As(err, &conflict) {
			return err
		}
		if o.trouble = err; err != nil {
			return nil
		}
		o.later = o.later[1:]
	}
	return nil
}

// patience is how long a run that is measured waits for a store that takes nothing.
const patience = 2 * time.Minute

// whole stores what is left and says that the run is finished. An error leaves it
// unfinished: a resume stores the rest.
func (o *outputs) whole(ctx context.Context, runID string) error {
	if o.store != nil {
		for end := time.Now().Add(patience); ; {
			if err := o.settle(ctx); err != nil {
				return err
			}
			if o.trouble == nil {
				o.trouble = o.store.FinishRun(ctx, runID, time.Now().UTC())
			}
			if o.trouble == nil {
				break
			}
			if ctx.Err() != nil || time.Now().After(end) {
				return fmt.Errorf("%w; all is measured and kept, and 'assay run --resume-run %s' stores the rest", o.trouble, runID)
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

func (o *outputs) close() error {
	var errs []error
	for _, f := range []*file{o.own, o.other} {
		if f != nil && f.w != nil {
			errs = append(errs, f.w.Close())
		}
	}
	if o.lost != nil {
		errs = append(errs, fmt.Errorf("--out is not whole: %w; the records are in the run's own file and in the store", o.lost))
	}
	if o.store != nil {
		errs = append(errs, o.store.Close())
	}
	return errors.Join(errs...)
}
