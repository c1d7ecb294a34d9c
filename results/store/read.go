package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"assay/results"
	"assay/results/store/halves"
)

// Filter selects runs; its zero value selects all.
type Filter struct {
	// Machine is as in [results.Host.Machine].
	Machine string
	// Since and Until bound the start of the run: Since <= start < Until.
	Since, Until time.Time
	// Last keeps the newest so many runs; 0 keeps all.
	Last int
	// Fit leaves out runs with a record of a machine that was not fit to be
	// measured.
	Fit bool
	// Recorded leaves out runs without a record.
	Recorded bool
}

// where returns the conditions of the filter and their values.
func (f Filter) where() (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		conditions = append(conditions, condition+"?"+strconv.Itoa(len(args)))
	}
	if f.Machine != "" {
		add("machine = ", f.Machine)
	}
	if !f.Since.IsZero() {
		add("started >= ", f.Since.UnixNano())
	}
	if !f.Until.IsZero() {
		add("started < ", f.Until.UnixNano())
	}
	if f.Fit {
		add("unfit = ", 0)
	}
	if f.Recorded {
		add("ok + failed + skipped > ", 0)
	}
	if conditions == nil {
		return "", nil
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}

// Runs lists runs in the order in which they were measured, oldest first.
func (s *Store) Runs(ctx context.Context, f Filter) ([]RunInfo, error) {
	where, args := f.where()
	runs, err := s.runs(ctx, where, f.Last, args...)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, nil
}

// runs lists the newest last runs of those that where selects, oldest first.
func (s *Store) runs(ctx context.Context, where string, last int, args ...any) ([]RunInfo, error) {
	query := `SELECT id, machine, started, finished, ok, failed, skipped, unfit, info FROM runs` + where + ` ORDER BY position DESC, n DESC`
	if last > 0 {
		query += ` LIMIT ` + strconv.Itoa(last)
	}
	var runs []RunInfo
	rows, err := s.query(ctx, query, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		run, err := scanRun(rows)
		runs = append(runs, run)
		return err
	})
	slices.Reverse(runs)
	return runs, err
}

func scanRun(rows *sql.Rows) (RunInfo, error) {
	var r RunInfo
	var started int64
	var finished sql.NullInt64
	var text []byte
	err := rows.Scan(&r.ID, &r.Machine, &started, &finished, &r.OK, &r.Failed, &r.Skipped, &r.Unfit, &text)
	if err != nil {
		return r, err
	}
	r.Started = time.Unix(0, started).UTC()
	if finished.Valid {
		at := time.Unix(0, finished.Int64).UTC()
		r.Finished = &at
	}
	var more info
	err = json.Unmarshal(text, &more)
	r.Suite, r.Command, r.Imported, r.ClockBack = more.Suite, more.Command, more.Imported, more.ClockBack
	return r, err
}

// Run returns the records of a run in the order in which they were added.
// Parts of them that are equal in many records are shared: treat them as
// read-only.
func (s *Store) Run(ctx context.Context, id string) (results.Run, error) {
	run := results.Run{ID: id, Source: s.name}
	var n int64
	err := s.row(ctx, `SELECT n FROM runs WHERE id = ?1`, id).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return run, fmt.Errorf("the store %s has no run %s", s.name, id)
	}
	if err != nil {
		return run, fmt.Errorf("read run %s: %w", id, err)
	}
	constants, err := s.loadConstants(ctx, n)
	if err != nil {
		return run, fmt.Errorf("read run %s: %w", id, err)
	}
	rows, err := s.bodies(ctx, n)
	if err != nil {
		return run, fmt.Errorf("read run %s: %w", id, err)
	}
	run.Records = make([]results.Record, len(rows))
	err = onAll(len(rows), func() func(int) error {
		return func(i int) (err error) {
			run.Records[i], err = rows[i].record(constants[rows[i].constant])
			return err
		}
	})
	if err != nil {
		return results.Run{ID: id, Source: s.name}, fmt.Errorf("read run %s: %w", id, err)
	}
	return run, nil
}

// half is the row of a record: what it has of its own.
type half struct {
	seq, constant int64
	body          []byte
	sum, model    string
}

// bodies reads the rows of a run's records in the order in which they were added.
func (s *Store) bodies(ctx context.Context, run int64) ([]half, error) {
	var out []half
	sum, model := s.since(summed, `r.sum`), s.since(identified, `s.model`)
	rows, err := s.query(ctx, `SELECT r.seq, r.constant, r.body, `+sum+`, `+model+`
		FROM records r JOIN series s ON s.n = r.series WHERE r.run = ?1 ORDER BY r.seq`, run)
	err = each(rows, err, func(rows *sql.Rows) error {
		var h half
		err := rows.Scan(&h.seq, &h.constant, &h.body, &h.sum, &h.model)
		out = append(out, h)
		return err
	})
	return out, err
}

// record is the half with the constant one.
func (h half) record(c constant) (results.Record, error) {
	if h.sum != "" && h.sum != sumOf(c.sha256, h.body) {
		return results.Record{}, fmt.Errorf("record %d was changed since it was stored; import the run from its file into another store", h.seq)
	}
	rec, err := halves.Merge(c.record, h.body)
	if err != nil || h.model == "" || rec.Model.HeaderSHA256 != "" {
		return rec, err
	}
	now, err := modelOf(h.model)
	rec.Model = rec.Model.Identified(now)
	return rec, err
}

// since is a column that stores have from a version on, ” in an older one.
func (s *Store) since(version int, column string) string {
	if s.version < version {
		return `''`
	}
	return column
}

// maxConstants bounds the constant halves that are kept decoded.
const maxConstants = 2000

// loadConstants returns the constant halves of a run's records by number. Two
// runs that are compared share most of them, and the second is read from
// memory.
func (s *Store) loadConstants(ctx context.Context, run int64) (map[int64]constant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used := map[int64]constant{}
	var missing []string
	rows, err := s.query(ctx, `SELECT DISTINCT constant FROM records WHERE run = ?1`, run)
	err = each(rows, err, func(rows *sql.Rows) error {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return err
		}
		if known, ok := s.constants[n]; ok {
			used[n] = known
		} else {
			missing = append(missing, strconv.FormatInt(n, 10))
		}
		return nil
	})
	if err != nil || missing == nil {
		return used, err
	}
	if len(s.constants) > maxConstants {
		clear(s.constants)
	}
	bodies := map[int64][]byte{}
	hashes := map[int64]string{}
	rows, err = s.query(ctx, `SELECT n, sha256, body FROM constants WHERE n IN (`+strings.Join(missing, ",")+`)`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var n int64
		var hash string
		var body []byte
		err := rows.Scan(&n, &hash, &body)
		if err == nil && !unchanged(hash, body) {
			err = errConstant
		}
		bodies[n], hashes[n] = body, hash
		return err
	})
	if err != nil {
		return nil, err
	}
	decoded, err := decodeAll(bodies)
	for n, rec := range decoded {
		used[n] = constant{hashes[n], rec}
		s.constants[n] = used[n]
	}
	return used, err
}

// decodeAll decodes constant halves: it is most of the time that reading a run takes.
func decodeAll(bodies map[int64][]byte) (map[int64]results.Record, error) {
	numbers := slices.Collect(maps.Keys(bodies))
	records := make([]results.Record, len(numbers))
	err := onAll(len(numbers), func() func(int) error {
		known := halves.Decoder{}
		return func(i int) (err error) {
			records[i], err = known.Constant(bodies[numbers[i]])
			return err
		}
	})
	if err != nil {
		return nil, fmt.Errorf("a stored record is damaged: %w", err)
	}
	decoded := make(map[int64]results.Record, len(numbers))
	for i, n := range numbers {
		decoded[n] = records[i]
	}
	return decoded, nil
}

// onAll does n things on all processors, each with what worker returns.
func onAll(n int, worker func() func(i int) error) error {
	workers := runtime.GOMAXPROCS(0)
	failed := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			do := worker()
			for i := w; i < n && failed[w] == nil; i += workers {
				failed[w] = do(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}
