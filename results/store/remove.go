package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// Remove takes a run with its records and tags out of the store. A run that the
// baseline of all or of some cases stands on is refused, and nothing is removed. What
// records have in common stays, since other runs share it.
func (s *Store) Remove(ctx context.Context, id string) error {
	err := s.write(ctx, func(t tx) error {
		n, err := t.lockRun(id)
		if err != nil {
			return err
		}
		if err := t.noBaseline(id); err != nil {
			return err
		}
		if err := t.untagAll(id); err != nil {
			return err
		}
		for _, query := range []string{
			`DELETE FROM points WHERE run = ?1`, `DELETE FROM records WHERE run = ?1`, `DELETE FROM runs WHERE n = ?1`,
		} {
			if err := t.exec(query, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove run %s: %w", id, err)
	}
	return nil
}

// noBaseline says which machine's baseline stands on a run, or nil.
func (t tx) noBaseline(id string) error {
	on := map[[2]string]string{}
	rows, err := t.query(`SELECT machine, key, run FROM baselines ORDER BY n`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var machine, key, run string
		if err := rows.Scan(&machine, &key, &run); err != nil {
			return err
		}
		if key == "" { // from here on none has one of its own
			for at := range on {
				if at[0] == machine {
					delete(on, at)
				}
			}
		}
		on[[2]string{machine, key}] = run
		return nil
	})
	if err != nil {
		return err
	}
	for at, run := range on {
		if run == id {
			return fmt.Errorf("the baseline of %s stands on it; accept another with 'assay diff baseline HEAD --accept' first", at[0])
		}
	}
	return nil
}

// untagAll takes all names from a run.
func (t tx) untagAll(id string) error {
	var names []string
	rows, err := t.query(`SELECT body FROM documents WHERE kind = ?1`, tagKind)
	err = each(rows, err, func(rows *sql.Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		var tag Tag
		if err := json.Unmarshal(body, &tag); err != nil {
			return err
		}
		if tag.Run == id {
			names = append(names, tag.Name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := t.exec(`DELETE FROM documents WHERE kind = ?1 AND name = ?2`, tagKind, name); err != nil {
			return err
		}
	}
	return nil
}
