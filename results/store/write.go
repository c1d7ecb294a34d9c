package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assay/results"
	"assay/results/store/halves"
)

// ConflictError says that a run id is taken by a run with other results.
type ConflictError struct {
	RunID string
	// What is the difference that was found.
	What string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("run %s is in the store with other results (%s); nothing was changed: give this run another id", e.RunID, e.What)
}

// BeginRun enters a run that is about to be measured. A run that was begun on
// the same machine and not finished may be begun again, to be resumed.
func (s *Store) BeginRun(ctx context.Context, run RunInfo) error {
	if !results.ValidRunID(run.ID) || reserved(run.ID) {
		return fmt.Errorf("begin run: %q cannot name a run", run.ID)
	}
	err := s.write(ctx, func(t tx) error {
		var machine string
		var finished sql.NullInt64
		err := t.row(`SELECT machine, finished FROM runs WHERE id = ?1`, run.ID).Scan(&machine, &finished)
		switch {
		case err == nil && machine == run.Machine && !finished.Valid:
			return nil
		case err == nil:
			return &ConflictError{run.ID, "it is finished, or another machine's"}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		position, err := t.livePosition(run)
		if err != nil {
			return err
		}
		run.ClockBack = time.Duration(position - run.Started.UnixNano())
		return t.insertRun(run, position)
	})
	if err != nil {
		return fmt.Errorf("begin run %s: %w", run.ID, err)
	}
	return nil
}

// ResumeRun enters a run that goes on: one that was begun on the same machine, whether
// it was called finished or not, or one that the store never heard of.
func (s *Store) ResumeRun(ctx context.Context, run RunInfo) error {
	err := s.write(ctx, func(t tx) error {
		return t.exec(`UPDATE runs SET finished = NULL WHERE id = ?1 AND machine = ?2`, run.ID, run.Machine)
	})
	if err != nil {
		return fmt.Errorf("resume run %s: %w", run.ID, err)
	}
	return s.BeginRun(ctx, run)
}

// livePosition returns where a run that starts now stands among its machine's
// runs: at its time, but behind all others even if the clock went backwards.
func (t tx) livePosition(run RunInfo) (int64, error) {
	var last sql.NullInt64
	err := t.row(`SELECT max(position) FROM runs WHERE machine = ?1`, run.Machine).Scan(&last)
	if err != nil {
		return 0, err
	}
	now := run.Started.UnixNano()
	if last.Valid && last.Int64 >= now {
		return last.Int64 + 1, nil
	}
	return now, nil
}

func (t tx) insertRun(run RunInfo, position int64) error {
	body, err := json.Marshal(info{run.Suite, run.Command, run.Imported, run.ClockBack})
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO runs (id, machine, position, started, finished, info) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
		run.ID, run.Machine, position, run.Started.UnixNano(), nanos(run.Finished), string(body))
}

func nanos(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UnixNano()
}

// FinishRun notes that all cases of a run have been tried.
func (s *Store) FinishRun(ctx context.Context, id string, at time.Time) error {
	err := s.write(ctx, func(t tx) error {
		if _, err := t.lockRun(id); err != nil {
			return err
		}
		return t.exec(`UPDATE runs SET finished = ?1 WHERE id = ?2`, at.UnixNano(), id)
	})
	if err != nil {
		return fmt.Errorf("finish run %s: %w", id, err)
	}
	return nil
}

// Add enters a record of a run that was begun. When it returns nil the record
// is on the disk. A record that is there already changes nothing; another
// result of a case that has succeeded in this run is a [*ConflictError].
func (s *Store) Add(ctx context.Context, rec results.Record) error {
	if err := rec.Validate(); err != nil {
		return fmt.Errorf("store record: %w", err)
	}
	err := s.write(ctx, func(t tx) error {
		run, err := t.lockRun(rec.RunID)
		if err != nil {
			return err
		}
		_, err = t.add(run, rec)
		return err
	})
	if err != nil {
		return fmt.Errorf("store record of run %s: %w", rec.RunID, err)
	}
	return nil
}

// lockRun returns the number of a run and keeps other writers of it out.
func (t tx) lockRun(id string) (int64, error) {
	var n int64
	err := t.row(`UPDATE runs SET id = id WHERE id = ?1 RETURNING n`, id).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("the store has no run %s", id)
	}
	return n, err
}

// add enters a record and reports whether it was new.
func (t tx) add(run int64, rec results.Record) (bool, error) {
	series, err := t.seriesOf(rec)
	if err != nil {
		return false, err
	}
	known, err := t.known(run, series, rec)
	if known || err != nil {
		return false, err
	}
	constant, body, err := halves.Split(rec)
	if err != nil {
		return false, err
	}
	hash := sha256.Sum256(constant)
	part, err := t.internText(`constants`, constant)
	if err != nil {
		return false, err
	}
	err = t.exec(`INSERT INTO records (run, seq, series, time, status, constant, body, sum)
		SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM records WHERE run = ?1`,
		run, series, rec.Time.UnixNano(), string(rec.Status), part, string(body), sumOf(hex.EncodeToString(hash[:]), body))
	if err != nil {
		return false, err
	}
	if err := t.count(run, rec); err != nil {
		return false, err
	}
	return true, t.addPoint(run, series, rec)
}

// known reports whether the record is in the run already, and refuses a
// second result of a case that has one.
func (t tx) known(run, series int64, rec results.Record) (known bool, err error) {
	taken := false
	rows, err := t.query(`SELECT r.time, r.status, c.body, r.body FROM records r JOIN constants c ON c.n = r.constant
		WHERE r.run = ?1 AND r.series = ?2`, run, series)
	err = each(rows, err, func(rows *sql.Rows) error {
		var ns int64
		var status results.Status
		var constant, body []byte
		if err := rows.Scan(&ns, &status, &constant, &body); err != nil {
			return err
		}
		atOnce := ns == rec.Time.UnixNano()
		if atOnce {
			same, err := halves.Equal(constant, body, rec)
			if err != nil {
				return err
			}
			known = known || same
		}
		taken = taken || atOnce || status == results.StatusOK
		return nil
	})
	if err == nil && taken && !known {
		err = &ConflictError{rec.RunID, "it has another result of " + string(rec.Key())}
	}
	return known, err
}

func (t tx) count(run int64, rec results.Record) error {
	unfit := 0
	if len(rec.Host.Unfit) > 0 {
		unfit = 1
	}
	column := string(rec.Status) // validated, and named as the columns are
	return t.exec(`UPDATE runs SET `+column+` = `+column+` + 1, unfit = unfit + ?1 WHERE n = ?2`, unfit, run)
}

// addPoint enters the figures of a case that succeeded into its history.
func (t tx) addPoint(run, series int64, rec results.Record) error {
	if rec.Status != results.StatusOK || rec.Measured == nil {
		return nil
	}
	env, err := json.Marshal(rec.Environment())
	if err != nil {
		return err
	}
	environment, err := t.internText(`environments`, env)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO points (series, run, environment, body) VALUES (?1, ?2, ?3, ?4)`,
		series, run, environment, packPoint(rec))
}

// internText returns the number of a text in a table of texts, which is
// entered once however often it occurs.
func (t tx) internText(table string, body []byte) (int64, error) {
	sum := sha256.Sum256(body)
	return t.intern(table, `sha256, body`, hex.EncodeToString(sum[:]), string(body))
}

// intern returns the number of the row whose first two columns, or whose
// first if that is unique, are a and b, and enters it if it is not there.
func (t tx) intern(table, columns, a, b string) (int64, error) {
	where, args := `sha256 = ?1`, []any{a}
	if table == `series` {
		where, args = `machine = ?1 AND key = ?2`, []any{a, b}
	}
	var n int64
	find := `SELECT n FROM ` + table + ` WHERE ` + where
	err := t.row(find, args...).Scan(&n)
	if !errors.Is(err, sql.ErrNoRows) {
		return n, err
	}
	err = t.exec(`INSERT INTO `+table+` (`+columns+`) VALUES (?1, ?2) ON CONFLICT DO NOTHING`, a, b)
	if err != nil {
		return 0, err
	}
	err = t.row(find, args...).Scan(&n)
	return n, err
}
