package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assay/results"
)

// Tag is a name that a user gave to a run.
type Tag struct {
	Name string    `json:"name"`
	Run  string    `json:"run"`
	Time time.Time `json:"time"`
}

// tagKind is the kind of the documents that tags are.
const tagKind = "tag"

// TagRun gives a run of the store another name. It returns the run that bore the
// name before, "" if none did. A name that means something else, or begins the id of
// a run, is refused.
func (s *Store) TagRun(ctx context.Context, run, name string) (before string, err error) {
	if !results.ValidRunID(name) || reserved(name) {
		return "", fmt.Errorf("%q cannot name a run: take one word that is no day, and neither latest nor baseline", name)
	}
	err = s.write(ctx, func(t tx) error {
		if _, err := t.lockRun(run); err != nil {
			return err
		}
		var id string
		err := t.row(`SELECT id FROM runs WHERE substr(id, 1, ?2) = ?1`, name, len(name)).Scan(&id)
		if err == nil {
			return fmt.Errorf("the id of run %s begins so; take another name", id)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if before, err = t.tagged(name); err != nil {
			return err
		}
		now := time.Now().UTC()
		body, err := json.Marshal(Tag{name, run, now})
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO documents (kind, name, time, body) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (kind, name) DO UPDATE SET time = excluded.time, body = excluded.body`, tagKind, name, now.UnixNano(), string(body))
	})
	if err != nil {
		return "", fmt.Errorf("tag run %s as %s: %w", run, name, err)
	}
	return before, nil
}

// tagged is the run that bears a name, "" if none does.
func (t tx) tagged(name string) (string, error) {
	var body []byte
	err := t.row(`SELECT body FROM documents WHERE kind = ?1 AND name = ?2`, tagKind, name).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var tag Tag
	err = json.Unmarshal(body, &tag)
	return tag.Run, err
}

// Untag takes a name from the run that bears it, and returns that run.
func (s *Store) Untag(ctx context.Context, name string) (run string, err error) {
	err = s.write(ctx, func(t tx) error {
		if run, err = t.tagged(name); err != nil {
			return err
		}
		if run == "" {
			return errors.New("no run is called so; 'assay list' shows the names that there are")
		}
		return t.exec(`DELETE FROM documents WHERE kind = ?1 AND name = ?2`, tagKind, name)
	})
	if err != nil {
		return "", fmt.Errorf("remove the tag %s: %w", name, err)
	}
	return run, nil
}

// Tags returns all names that users gave to runs, in their order.
func (s *Store) Tags(ctx context.Context) ([]Tag, error) {
	var tags []Tag
	rows, err := s.query(ctx, `SELECT body FROM documents WHERE kind = ?1 ORDER BY name`, tagKind)
	err = each(rows, err, func(rows *sql.Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		tags = append(tags, Tag{})
		return json.Unmarshal(body, &tags[len(tags)-1])
	})
	if err != nil {
		return nil, fmt.Errorf("list tags: %w", err)
	}
	return tags, nil
}
