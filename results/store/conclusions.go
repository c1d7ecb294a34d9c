package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Baseline is one move of the baseline: from Time on, a machine's runs are
// judged against Run. Moves are kept for ever; the newest counts.
type Baseline struct {
	Machine string
	// Key is the case whose baseline moved, or "" for all cases.
	Key  string
	Run  string
	Time time.Time
	Who  string
	Why  string
}

// MoveBaseline records a move of the baseline. The run must be in the store,
// and on a machine that was fit to be measured.
func (s *Store) MoveBaseline(ctx context.Context, b Baseline) error {
	err := s.write(ctx, func(t tx) error {
		var unfit int
		err := t.row(`SELECT unfit FROM runs WHERE id = ?1`, b.Run).Scan(&unfit)
		if errors.Is(err, sql.ErrNoRows) {
			return errors.New("the store has no such run")
		}
		if err != nil {
			return err
		}
		if unfit > 0 {
			return errors.New("its machine was not fit to be measured")
		}
		return t.exec(`INSERT INTO baselines (machine, key, run, time, who, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
			b.Machine, b.Key, b.Run, b.Time.UnixNano(), b.Who, b.Why)
	})
	if err != nil {
		return fmt.Errorf("move the baseline to run %s: %w", b.Run, err)
	}
	return nil
}

// Baselines returns every move of a machine's baseline, oldest first; of all
// machines if machine is "".
func (s *Store) Baselines(ctx context.Context, machine string) ([]Baseline, error) {
	var moves []Baseline
	rows, err := s.query(ctx, `SELECT machine, key, run, time, who, why FROM baselines WHERE ?1 = '' OR machine = ?1 ORDER BY n`, machine)
	err = each(rows, err, func(rows *sql.Rows) error {
		var b Baseline
		var ns int64
		if err := rows.Scan(&b.Machine, &b.Key, &b.Run, &ns, &b.Who, &b.Why); err != nil {
			return err
		}
		b.Time = time.Unix(0, ns).UTC()
		moves = append(moves, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list baselines: %w", err)
	}
	return moves, nil
}

// Fit is a fit of a machine as its maker wrote it, and the runs it came from.
type Fit struct {
	ID      string
	Machine string
	Time    time.Time
	Runs    []string
	Body    json.RawMessage
}

// AddFit stores a fit. A fit's id names one fit for ever.
func (s *Store) AddFit(ctx context.Context, f Fit) error {
	if !json.Valid(f.Body) {
		return fmt.Errorf("store fit %s: its body is not JSON", f.ID)
	}
	runs, err := json.Marshal(f.Runs)
	if err != nil {
		return fmt.Errorf("store fit %s: %w", f.ID, err)
	}
	err = s.write(ctx, func(t tx) error {
		return t.exec(`INSERT INTO fits (id, machine, time, runs, body) VALUES (?1, ?2, ?3, ?4, ?5)`,
			f.ID, f.Machine, f.Time.UnixNano(), string(runs), string(f.Body))
	})
	if err != nil {
		return fmt.Errorf("store fit %s: %w", f.ID, err)
	}
	return nil
}

// Fits returns the fits of a machine, oldest first; of all machines if
// machine is "".
func (s *Store) Fits(ctx context.Context, machine string) ([]Fit, error) {
	var fits []Fit
	rows, err := s.query(ctx, `SELECT id, machine, time, runs, body FROM fits WHERE ?1 = '' OR machine = ?1 ORDER BY n`, machine)
	err = each(rows, err, func(rows *sql.Rows) error {
		var f Fit
		var ns int64
		var runs, body []byte
		if err := rows.Scan(&f.ID, &f.Machine, &ns, &runs, &body); err != nil {
			return err
		}
		f.Time, f.Body = time.Unix(0, ns).UTC(), body
		fits = append(fits, f)
		return json.Unmarshal(runs, &fits[len(fits)-1].Runs)
	})
	if err != nil {
		return nil, fmt.Errorf("list fits: %w", err)
	}
	return fits, nil
}

// PutDocument stores a value as JSON under a kind and a name, in place of the
// one before: what a program remembers from run to run, such as the alerts
// that it has announced.
func (s *Store) PutDocument(ctx context.Context, kind, name string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("store %s %s: %w", kind, name, err)
	}
	err = s.write(ctx, func(t tx) error {
		return t.exec(`INSERT INTO documents (kind, name, time, body) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (kind, name) DO UPDATE SET time = excluded.time, body = excluded.body`,
			kind, name, time.Now().UnixNano(), string(body))
	})
	if err != nil {
		return fmt.Errorf("store %s %s: %w", kind, name, err)
	}
	return nil
}

// Document reads what PutDocument stored into value, and reports whether
// there was anything.
func (s *Store) Document(ctx context.Context, kind, name string, value any) (bool, error) {
	var body []byte
	err := s.row(ctx, `SELECT body FROM documents WHERE kind = ?1 AND name = ?2`, kind, name).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(body, value)
	}
	if err != nil {
		return false, fmt.Errorf("read %s %s: %w", kind, name, err)
	}
	return true, nil
}
