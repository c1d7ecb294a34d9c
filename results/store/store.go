// Package store keeps the records of every run: in a SQLite file by default,
// in PostgreSQL when several machines report to one place. Both go through
// database/sql with the same statements; what differs is data in dialect.go.
// A record whose Add returned nil is on the disk. The package knows nothing of
// how runs are compared or shown.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	sqlite3 "modernc.org/sqlite"
)

// Store is an open store. It is safe for use by several goroutines, and a
// SQLite file by several processes.
type Store struct {
	db      *sql.DB
	dialect dialect
	name    string // for errors: the file, or the database without its password
	version int    // of the schema
	// beside is a folder of this store's own that goes with it, "" for none.
	beside string

	mu        sync.Mutex
	constants map[int64]constant // decoded once, see loadConstants
}

// Open opens the store that dsn names and brings its schema up to date: PostgreSQL
// by its URL or its words (host=..., dbname=...), or else the path of a SQLite file,
// which is made with its folder if it is not there. A database with other tables in
// it, or with the schema of a newer program, is refused and left as it is; a text
// that is neither is refused, and no file is named after it.
func Open(ctx context.Context, dsn string) (*Store, error) {
	at, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if at.postgres {
		return open(ctx, postgres, at, at.source)
	}
	if info, err := os.Stat(dsn); err == nil && info.IsDir() {
		return nil, &UnreadableError{dsn, errors.New("it is a folder"), "name a file in it with --store"}
	}
	if err := os.MkdirAll(filepath.Dir(dsn), 0o755); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return open(ctx, sqlite, at, sqliteSource(dsn))
}

// Read opens a store like [Open] but makes no file: a SQLite store that is not
// there is as good as an empty one, and one that cannot be written is only read.
func Read(ctx context.Context, dsn string) (*Store, error) {
	at, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if at.postgres {
		return open(ctx, postgres, at, at.source)
	}
	info, err := os.Stat(dsn)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return open(ctx, sqlite, at, sqliteNowhere)
	case err == nil && !info.Mode().IsRegular():
		return nil, &UnreadableError{dsn, errors.New("it is no regular file"), "name another with --store"}
	}
	s, err := Open(ctx, dsn)
	if unwritable(err) {
		if read, readErr := readOnly(ctx, dsn); readErr == nil {
			return read, nil
		}
	}
	return s, err // which says what to make writable
}

// readOnly opens a file where nothing can be written. A log beside it is part of it;
// where SQLite cannot read both in place, a copy of both is read.
func readOnly(ctx context.Context, dsn string) (*Store, error) {
	at := address{name: dsn}
	s, err := open(ctx, sqlite, at, sqliteReadOnly(dsn))
	if err == nil {
		return s, nil
	}
	dir, err := os.MkdirTemp("", "assay-store-")
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(dir, "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(copied+suffix, dsn+suffix); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	if s, err = open(ctx, sqlite, at, sqliteCopy(copied)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.beside = dir
	return s, nil
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Scratch opens an empty store in memory, which is gone when it is closed.
func Scratch(ctx context.Context) (*Store, error) {
	name := fmt.Sprintf("file:scratch%d?mode=memory&cache=shared&_txlock=immediate", scratches.Add(1))
	return open(ctx, sqlite, address{name: "scratch store"}, name)
}

// scratches tells the scratch stores of a process apart.
var scratches atomic.Int64

func open(ctx context.Context, d dialect, at address, source string) (*Store, error) {
	s := &Store{dialect: d, name: at.name, constants: map[int64]constant{}}
	db, err := sql.Open(d.driver, source)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", at.name, at.hide(err))
	}
	db.SetMaxOpenConns(4)
	s.db = db
	prepare := s.migrate
	if query := source[strings.LastIndex(source, "?")+1:]; strings.Contains(query, "mode=ro") || strings.Contains(query, "query_only") {
		prepare = s.inspect
	}
	if err := patiently(ctx, prepare); err != nil {
		return nil, errors.Join(at.hide(s.openError(err)), db.Close())
	}
	return s, nil
}

// patiently prepares a store again while another does so at the same moment: SQLite waits
// for a lock, but not where waiting could be for each other, as when both give a new file
// its log (https://www.sqlite.org/c3ref/busy_handler.html).
func patiently(ctx context.Context, prepare func(context.Context) error) error {
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := prepare(ctx)
		var driver *sqlite3.Error
		if !errors.As(err, &driver) || driver.Code()&0xff != sqliteBusy || time.Now().After(until) {
			return err
		}
	}
}

// UnreadableError is a file that holds no SQLite database, or none that can be
// opened where it is.
type UnreadableError struct {
	Name string
	Err  error
	// Remedy is what may be done.
	Remedy string
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("open store %s: %v; %s", e.Name, e.Err, e.Remedy)
}
func (e *UnreadableError) Unwrap() error { return e.Err }

// BadInput says that another input is needed.
func (e *UnreadableError) BadInput() bool { return true }

const writableOrOther = "make it and its folder writable, or name another with --store"

func (s *Store) openError(err error) error {
	var driver *sqlite3.Error
	if errors.As(err, &driver) && driver.Code() == sqliteNotADB {
		return &UnreadableError{s.name, err, "name another with --store, or move it away to begin a new one"}
	}
	if errors.As(err, &driver) && driver.Code() == sqliteCantOpen {
		return &UnreadableError{s.name, err, writableOrOther}
	}
	if unwritable(err) {
		return fmt.Errorf("open store %s: %w; %s", s.name, err, writableOrOther)
	}
	if errors.As(err, &driver) && driver.Code() == sqliteFull {
		return fmt.Errorf("open store %s: %w; free some space, or name another with --store", s.name, err)
	}
	return fmt.Errorf("open store %s: %w", s.name, err)
}

// unwritable reports whether a file or its folder must not be written. The code
// is the first byte; the rest of an extended code says why.
func unwritable(err error) bool {
	var driver *sqlite3.Error
	return errors.As(err, &driver) && (driver.Code()&0xff == sqliteReadOnlyFile || driver.Code()&0xff == sqliteCantOpen)
}

// Result codes of SQLite (sqlite3.h).
const (
	sqliteBusy         = 5
	sqliteReadOnlyFile = 8

	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

// Close closes the store.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.beside != "" {
		err = errors.Join(err, os.RemoveAll(s.beside))
	}
	return err
}

// Name returns the store's file, or its database without the password.
func (s *Store) Name() string { return s.name }

// write runs f in a transaction that no other writer shares.
func (s *Store) write(ctx context.Context, f func(tx) error) error {
	t, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx{ctx, t, s.dialect}); err != nil {
		return errors.Join(err, rollback(t))
	}
	return t.Commit()
}

func rollback(t *sql.Tx) error {
	if err := t.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// tx is a transaction whose statements have ?1, ?2 as parameters.
type tx struct {
	ctx     context.Context
	tx      *sql.Tx
	dialect dialect
}

func (t tx) exec(query string, args ...any) error {
	_, err := t.tx.ExecContext(t.ctx, t.dialect.bind(query), args...)
	return err
}

func (t tx) row(query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, t.dialect.bind(query), args...)
}

func (t tx) query(query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(t.ctx, t.dialect.bind(query), args...)
}

func (s *Store) row(ctx context.Context, query string, args ...any) *sql.Row {
	return s.db.QueryRowContext(ctx, s.dialect.bind(query), args...)
}

func (s *Store) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.db.QueryContext(ctx, s.dialect.bind(query), args...)
}

// each calls scan for every row and closes rows.
func each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
