package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assay/results"
)

// Import enters a run that was read from a file, all of it or nothing, and
// returns how many of its records were new. A run that is there already
// changes nothing; more records of a run that was interrupted are added. A
// different run under the same id is a [*ConflictError].
func (s *Store) Import(ctx context.Context, run results.Run) (added int, err error) {
	if err := importable(run); err != nil {
		return 0, fmt.Errorf("import run %s from %s: %w", run.ID, run.Source, err)
	}
	err = s.write(ctx, func(t tx) error {
		added = 0
		n, before, err := t.importedRun(run)
		if err != nil {
			return err
		}
		for _, rec := range run.Records {
			isNew, err := t.add(n, rec)
			if err != nil {
				return err
			}
			if isNew {
				added++
			}
		}
		if before > 0 && added == len(run.Records) {
			return &ConflictError{run.ID, "it has none of these records"}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("import run %s from %s: %w", run.ID, run.Source, err)
	}
	return added, nil
}

func importable(run results.Run) error {
	if len(run.Records) == 0 {
		return errors.New("it has no records")
	}
	if reserved(run.ID) {
		return fmt.Errorf("%q cannot name a run: it selects one", run.ID)
	}
	machine := run.Records[0].Host.Machine()
	for _, rec := range run.Records {
		if err := rec.Validate(); err != nil {
			return err
		}
		if rec.RunID != run.ID {
			return fmt.Errorf("it has a record of run %s", rec.RunID)
		}
		if m := rec.Host.Machine(); m != machine {
			return fmt.Errorf("its records are of two machines, %q and %q: they are two runs under one id", machine, m)
		}
	}
	return nil
}

// importedRun returns the number of the run and how many records it has, and
// enters it if it is not there.
func (t tx) importedRun(run results.Run) (n int64, records int, err error) {
	first, last := span(run.Records)
	var id string
	err = t.row(`SELECT id FROM runs WHERE id = ?1`, run.ID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		entry := RunInfo{ID: run.ID, Machine: run.Records[0].Host.Machine(), Started: first, Finished: &last, Imported: true}
		err = t.insertRun(entry, first.UnixNano())
	}
	if err != nil {
		return 0, 0, err
	}
	if n, err = t.lockRun(run.ID); err != nil {
		return 0, 0, err
	}
	err = t.row(`SELECT count(*) FROM records WHERE run = ?1`, n).Scan(&records)
	return n, records, err
}

// span returns the earliest and the latest time of the records.
func span(records []results.Record) (first, last time.Time) {
	first, last = records[0].Time, records[0].Time
	for _, rec := range records {
		if rec.Time.Before(first) {
			first = rec.Time
		}
		if rec.Time.After(last) {
			last = rec.Time
		}
	}
	return first, last
}
