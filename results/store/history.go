package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sort"

	"assay/results"
)

// History yields the series of every case that the selected runs measured,
// one at a time and ordered by machine and key. An error ends it.
func (s *Store) History(ctx context.Context, f Filter) iter.Seq2[results.Series, error] {
	return func(yield func(results.Series, error) bool) {
		if err := s.history(ctx, f, yield); err != nil {
			yield(results.Series{}, fmt.Errorf("read history: %w", err))
		}
	}
}

// place is where a run stands among those of a history.
type place struct {
	id    string
	order int
}

type numbered struct {
	results.Series
	n int64
}

func (s *Store) history(ctx context.Context, f Filter, yield func(results.Series, error) bool) error {
	places, err := s.places(ctx, f)
	if err != nil {
		return err
	}
	environments, err := s.environments(ctx)
	if err != nil {
		return err
	}
	series, err := s.series(ctx, f.Machine)
	if err != nil {
		return err
	}
	cases := map[int64]map[int64]results.Record{}
	for _, one := range series {
		last, err := s.points(ctx, &one, places, environments)
		if err != nil {
			return err
		}
		if len(one.Points) > 0 {
			rec, err := s.caseOf(ctx, one.n, last, cases)
			if err != nil {
				return err
			}
			one.Runtime, one.Model, one.Case, one.Earlier = rec.Runtime, rec.Model, rec.Case, rec.EarlierKey()
		}
		if len(one.Points) > 0 && !yield(one.Series, nil) {
			return nil
		}
	}
	return nil
}

// caseOf returns what a series measured in one of its runs, with its runtime and
// model. Most series of a history have a run in common, whose cases are read once
// into known.
func (s *Store) caseOf(ctx context.Context, series, run int64, known map[int64]map[int64]results.Record) (results.Record, error) {
	if cases, ok := known[run]; ok {
		return cases[series], nil
	}
	cases := map[int64]results.Record{}
	rows, err := s.query(ctx, `SELECT r.series, c.sha256, c.body FROM records r JOIN constants c ON c.n = r.constant WHERE r.run = ?1`, run)
	err = each(rows, err, func(rows *sql.Rows) error {
		var n int64
		var hash string
		var body sql.RawBytes
		if err := rows.Scan(&n, &hash, &body); err != nil {
			return err
		}
		if !unchanged(hash, body) {
			return errConstant
		}
		var constant struct {
			Runtime results.Runtime `json:"runtime"`
			Model   results.Model   `json:"model"`
			Case    results.Case    `json:"case"`
		}
		err := json.Unmarshal(body, &constant)
		cases[n] = results.Record{Runtime: constant.Runtime, Model: constant.Model, Case: constant.Case}
		return err
	})
	known[run] = cases
	return cases[series], err
}

// points reads the points of one series and returns the newest run entered that
// has one.
func (s *Store) points(
	ctx context.Context, one *numbered, places map[int64]place, environments map[int64]*results.Environment,
) (last int64, err error) {
	order := make([]int, 0, len(places))
	one.Points = make([]results.Point, 0, len(places))
	rows, err := s.query(ctx, `SELECT run, environment, body FROM points WHERE series = ?1`, one.n)
	err = each(rows, err, func(rows *sql.Rows) error {
		var run, environment int64
		var body sql.RawBytes
		if err := rows.Scan(&run, &environment, &body); err != nil {
			return err
		}
		at, ok := places[run]
		if !ok {
			return nil
		}
		p, err := unpackPoint(body)
		p.RunID, p.Env = at.id, environments[environment]
		one.Points, order = append(one.Points, p), append(order, at.order)
		last = max(last, run)
		return err
	})
	sort.Sort(byOrder{one.Points, order})
	return last, err
}

type byOrder struct {
	points []results.Point
	order  []int
}

func (b byOrder) Len() int           { return len(b.points) }
func (b byOrder) Less(i, j int) bool { return b.order[i] < b.order[j] }
func (b byOrder) Swap(i, j int) {
	b.points[i], b.points[j] = b.points[j], b.points[i]
	b.order[i], b.order[j] = b.order[j], b.order[i]
}

// places returns the selected runs by number.
func (s *Store) places(ctx context.Context, f Filter) (map[int64]place, error) {
	runs, err := s.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	order := make(map[string]int, len(runs))
	for i, r := range runs {
		order[r.ID] = i
	}
	places := make(map[int64]place, len(runs))
	rows, err := s.query(ctx, `SELECT n, id FROM runs`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var n int64
		var id string
		if err := rows.Scan(&n, &id); err != nil {
			return err
		}
		if i, ok := order[id]; ok {
			places[n] = place{id, i}
		}
		return nil
	})
	return places, err
}

func (s *Store) environments(ctx context.Context) (map[int64]*results.Environment, error) {
	all := map[int64]*results.Environment{}
	rows, err := s.query(ctx, `SELECT n, sha256, body FROM environments`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var n int64
		var hash string
		var body sql.RawBytes
		var env results.Environment
		if err := rows.Scan(&n, &hash, &body); err != nil {
			return err
		}
		if !unchanged(hash, body) {
			return errors.New("an environment was changed since it was stored; import the runs from their files into another store")
		}
		all[n] = &env
		return json.Unmarshal(body, &env)
	})
	return all, err
}

func (s *Store) series(ctx context.Context, machine string) ([]numbered, error) {
	var all []numbered
	key := `key`
	if s.version >= identified {
		key = `CASE WHEN called = '' THEN key ELSE called END`
	}
	rows, err := s.query(ctx, `SELECT n, machine, `+key+` AS shown FROM series WHERE ?1 = '' OR machine = ?1 ORDER BY machine, shown`, machine)
	err = each(rows, err, func(rows *sql.Rows) error {
		var one numbered
		if err := rows.Scan(&one.n, &one.Machine, &one.Key); err != nil {
			return err
		}
		all = append(all, one)
		return nil
	})
	return all, err
}
