package store

import (
	"context"
	"fmt"
)

// migrations bring an empty database to the current schema, one version each.
// A migration that has been released is never edited; a change is a new one.
// SERIAL, BYTES and CLUSTERED are replaced by the dialect. All times are Unix
// nanoseconds.
var migrations = []string{
	// 1: what a run measured.
	//
	// A record is kept in two halves, because most of it is the same every
	// night: constants holds the part that repeats, once, and body the rest.
	// points holds the figures of the record again, packed and ordered by
	// series, for the history of every case to be read in one pass.
	`CREATE TABLE runs (
		n SERIAL,
		id TEXT NOT NULL UNIQUE,
		machine TEXT NOT NULL,
		position BIGINT NOT NULL,
		started BIGINT NOT NULL,
		finished BIGINT,
		ok BIGINT NOT NULL DEFAULT 0,
		failed BIGINT NOT NULL DEFAULT 0,
		skipped BIGINT NOT NULL DEFAULT 0,
		unfit BIGINT NOT NULL DEFAULT 0,
		info TEXT NOT NULL
	);
	CREATE INDEX runs_position ON runs (machine, position);
	CREATE TABLE series (
		n SERIAL,
		machine TEXT NOT NULL,
		key TEXT NOT NULL,
		UNIQUE (machine, key)
	);
	CREATE TABLE constants (
		n SERIAL,
		sha256 TEXT NOT NULL UNIQUE,
		body TEXT NOT NULL
	);
	CREATE TABLE environments (
		n SERIAL,
		sha256 TEXT NOT NULL UNIQUE,
		body TEXT NOT NULL
	);
	CREATE TABLE records (
		run BIGINT NOT NULL REFERENCES runs (n),
		seq BIGINT NOT NULL,
		series BIGINT NOT NULL REFERENCES series (n),
		time BIGINT NOT NULL,
		status TEXT NOT NULL,
		constant BIGINT NOT NULL REFERENCES constants (n),
		body TEXT NOT NULL,
		PRIMARY KEY (run, seq)
	) CLUSTERED;
	CREATE TABLE points (
		series BIGINT NOT NULL REFERENCES series (n),
		run BIGINT NOT NULL REFERENCES runs (n),
		environment BIGINT NOT NULL REFERENCES environments (n),
		body BYTES NOT NULL,
		PRIMARY KEY (series, run)
	) CLUSTERED;`,
	// 2: what was concluded from runs.
	`CREATE TABLE baselines (
		n SERIAL,
		machine TEXT NOT NULL,
		key TEXT NOT NULL,
		run TEXT NOT NULL,
		time BIGINT NOT NULL,
		who TEXT NOT NULL,
		why TEXT NOT NULL
	);
	CREATE TABLE fits (
		n SERIAL,
		id TEXT NOT NULL UNIQUE,
		machine TEXT NOT NULL,
		time BIGINT NOT NULL,
		runs TEXT NOT NULL,
		body TEXT NOT NULL
	);
	CREATE TABLE documents (
		kind TEXT NOT NULL,
		name TEXT NOT NULL,
		time BIGINT NOT NULL,
		body TEXT NOT NULL,
		PRIMARY KEY (kind, name)
	);`,
	// 3: a record's sum, over both of its halves; '' for those entered before.
	`ALTER TABLE records ADD COLUMN sum TEXT NOT NULL DEFAULT '';`,
	// 4: the key that a series has now, and what is known of its model, where it
	// was begun before a file's identity was part of a key; '' for all others.
	`ALTER TABLE series ADD COLUMN called TEXT NOT NULL DEFAULT '';
	ALTER TABLE series ADD COLUMN model TEXT NOT NULL DEFAULT '';
	CREATE INDEX series_called ON series (machine, called);`,
}

// summed is the schema's version from which records have a sum, identified that
// from which a series may be called otherwise than it was.
const (
	summed     = 3
	identified = 4
)

// migrate brings the schema up to date in one transaction.
func (s *Store) migrate(ctx context.Context) error {
	return s.write(ctx, func(t tx) error {
		if err := t.exec(s.dialect.lock); err != nil {
			return err
		}
		version, err := schemaVersion(t)
		if err != nil {
			return err
		}
		if err := known(version); err != nil {
			return err
		}
		s.version = len(migrations)
		for _, m := range migrations[version:] {
			if err := t.exec(s.dialect.types.Replace(m)); err != nil {
				return fmt.Errorf("bring the schema up to date: %w", err)
			}
		}
		if version == len(migrations) {
			return nil
		}
		return t.exec(`UPDATE assay_schema SET version = ?1`, len(migrations))
	})
}

// known says why a version is none that this program reads, or nil.
func known(version int) error {
	switch {
	case version > len(migrations):
		return fmt.Errorf("its schema is version %d and this program knows %d: a newer assay wrote it; use that one, or another store",
			version, len(migrations))
	case version < 0:
		return fmt.Errorf("its schema says version %d, so it is no store of assay, or a damaged one; use another", version)
	}
	return nil
}

// inspect reads the version of a store that cannot be written; one of an older
// version is read as it is.
func (s *Store) inspect(ctx context.Context) error {
	if err := s.row(ctx, `SELECT version FROM assay_schema`).Scan(&s.version); err != nil {
		return fmt.Errorf("it has no schema of assay's: %w", err)
	}
	if s.version == 0 {
		return fmt.Errorf("its schema says version 0, so it is no store of assay, or a damaged one; use another")
	}
	return known(s.version)
}

// schemaVersion returns the version of the schema in the database, after
// making a version 0 in an empty one.
func schemaVersion(t tx) (int, error) {
	var tables, version int
	if err := t.row(t.dialect.tables).Scan(&tables); err != nil {
		return 0, err
	}
	if tables == 0 {
		if err := t.exec(`CREATE TABLE assay_schema (version BIGINT NOT NULL)`); err != nil {
			return 0, err
		}
		return 0, t.exec(`INSERT INTO assay_schema (version) VALUES (0)`)
	}
	if err := t.row(t.dialect.tables + ` AND ` + t.dialect.tableName + ` = 'assay_schema'`).Scan(&tables); err != nil {
		return 0, err
	}
	if tables == 0 {
		return 0, fmt.Errorf("it holds tables that are not assay's; give assay a database or schema of its own")
	}
	if err := t.row(`SELECT version FROM assay_schema`).Scan(&version); err != nil {
		return 0, fmt.Errorf("its schema has no version, so it is no store of assay, or a damaged one: %w", err)
	}
	if version == 0 {
		return 0, fmt.Errorf("its schema says version 0, so it is no store of assay, or a damaged one; use another")
	}
	return version, nil
}
