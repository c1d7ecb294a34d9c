package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results/store"
)

// execSQL changes a store behind its back.
func execSQL(t *testing.T, dsn string, statement string) {
	t.Helper()
	driver := "pgx"
	if filepath.Ext(dsn) == ".db" {
		file := url.URL{Path: dsn}
		driver, dsn = "sqlite", "file:"+file.EscapedPath()
	}
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(statement)
	require.NoError(t, err)
}

func TestANewerSchemaIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		_, err := st.Import(ctx, runOf("r1", 2))
		require.NoError(t, err)
		require.NoError(t, st.Close())

		execSQL(t, dsn, `UPDATE assay_schema SET version = 99`)
		_, err = store.Open(ctx, dsn)
		require.ErrorContains(t, err, "its schema is version 99 and this program knows 4: a newer assay wrote it; use that one, or another store")

		execSQL(t, dsn, `UPDATE assay_schema SET version = 4`)
		run, err := open(t, dsn).Run(ctx, "r1")
		require.NoError(t, err)
		assert.Equal(t, runOf("r1", 2).Records, run.Records)
	})
}

// A store of version 1 gets what version 2 added and keeps what it has.
func TestAnOlderSchemaIsBroughtUpToDate(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		_, err := st.Import(ctx, runOf("r1", 2))
		require.NoError(t, err)
		require.NoError(t, st.Close())
		execSQL(t, dsn, `DROP TABLE baselines; DROP TABLE fits; DROP TABLE documents; ALTER TABLE records DROP COLUMN sum;
			DROP INDEX series_called; ALTER TABLE series DROP COLUMN called;
			ALTER TABLE series DROP COLUMN model; UPDATE assay_schema SET version = 1`)

		st = open(t, dsn)
		require.NoError(t, st.MoveBaseline(ctx, store.Baseline{Run: "r1", Time: night}))
		run, err := st.Run(ctx, "r1")
		require.NoError(t, err)
		assert.Len(t, run.Records, 2)
	})
}

func TestADatabaseOfOthersIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		execSQL(t, dsn, `CREATE TABLE photos (n INT)`)
		_, err := store.Open(context.Background(), dsn)
		require.ErrorContains(t, err, "it holds tables that are not assay's")
		execSQL(t, dsn, `DROP TABLE photos`)
		open(t, dsn)
	})
}

func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(text, []byte("this is a text and not a database, whatever its name says"), 0o644))
	_, err := store.Open(ctx, text)
	assert.ErrorContains(t, err, "notes.txt: file is not a database")
	_, err = store.Open(ctx, filepath.Join(text, "s.db"))
	assert.ErrorContains(t, err, "not a directory")
	_, err = store.Open(ctx, "postgres://ann:secret@127.0.0.1:1/none?sslmode=disable")
	require.ErrorContains(t, err, "postgres://ann:xxxxx@127.0.0.1:1/none")
	assert.NotContains(t, err.Error(), "secret")
}

// Several programs may open a new store at once.
func TestOpenedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				st, err := store.Open(context.Background(), dsn)
				if assert.NoError(t, err) {
					assert.NoError(t, st.Close())
				}
			})
		}
		wg.Wait()
	})
}

// Several machines may report at once, each its own run.
func TestWrittenAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		st := open(t, dsn)
		var wg sync.WaitGroup
		for _, id := range []string{"r1", "r2", "r3", "r4"} {
			wg.Go(func() {
				run := runOf(id, 10)
				for i := range run.Records {
					run.Records[i].Host.Name = id
				}
				_, err := st.Import(context.Background(), run)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		runs, err := st.Runs(context.Background(), store.Filter{})
		require.NoError(t, err)
		require.Len(t, runs, 4)
		for _, r := range runs {
			assert.Equal(t, 10, r.OK)
		}
	})
}

// What was changed behind the store's back is not shown.
func TestChangedRecordsAreRefused(t *testing.T) {
	for statement, want := range map[string]string{
		`UPDATE constants SET body = replace(body, 'llama', 'alpaca')`:               "was changed since it was stored",
		`UPDATE records SET body = replace(body, 'ok', 'OK')`:                        "record 1 was changed since it was stored",
		`UPDATE records SET constant = (SELECT max(n) FROM constants) WHERE seq = 1`: "record 1 was changed since it was stored",
		`UPDATE environments SET body = replace(body, 'Apple', 'Pear')`:              "an environment was changed since it was stored",
		`UPDATE points SET body = substr(body, 1, 3) || x'00' || substr(body, 5)`:    "point",
	} {
		t.Run(statement, func(t *testing.T) {
			ctx := context.Background()
			dsn := filepath.Join(t.TempDir(), "a store?#%.db")
			st := open(t, dsn)
			_, err := st.Import(ctx, runOf("r1", 3))
			require.NoError(t, err)
			require.NoError(t, st.Close())
			execSQL(t, dsn, statement)
			st = open(t, dsn)
			_, err = st.Run(ctx, "r1")
			for _, historyErr := range st.History(ctx, store.Filter{}) {
				err = errors.Join(err, historyErr)
			}
			assert.ErrorContains(t, err, want)
		})
	}
}

// Whatever a schema's version is said to be, the answer is a sentence.
func TestOddVersionsAreRefused(t *testing.T) {
	for _, statement := range []string{
		`UPDATE assay_schema SET version = -5`, `UPDATE assay_schema SET version = 0`, `UPDATE assay_schema SET version = -9223372036854775807`,
		`UPDATE assay_schema SET version = 9223372036854775807`, `DELETE FROM assay_schema`,
	} {
		dsn := filepath.Join(t.TempDir(), "a store?#%.db")
		require.NoError(t, open(t, dsn).Close())
		execSQL(t, dsn, statement)
		_, err := store.Open(context.Background(), dsn)
		require.ErrorContains(t, err, "its schema", statement)
	}
}

// A text that names no store is refused, and neither quoted nor the name of a file.
func TestOddAddressesAreRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, dsn := range []string{
		"postgres:u:SECRET@h/x", "mysql://u:SECRET@h/x", "pgx://u:SECRET@h/x", "sqlite://SECRET.db", "file:SECRET.db?mode=rw",
		"Server=h;Password=SECRET", "password = SECRET", "postgres://u:SECRET%zz@h/x", "jdbc:postgresql://h/x?password=SECRET", "",
		"host=127.0.0.1 port=1 user=u password=SECRET", "POSTGRES://u:SECRET@127.0.0.1:1/x", "Postgresql://u:SECRET@127.0.0.1:1/x",
	} {
		for _, open := range []func(context.Context, string) (*store.Store, error){store.Open, store.Read} {
			_, err := open(context.Background(), dsn)
			require.Error(t, err, dsn)
			assert.NotContains(t, err.Error(), "SECRET")
		}
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// A store on a read-only disk, or of another user, is read; what was lost by
// not writing its log beside it would show in the number of records.
func TestReadWhereNothingCanBeWritten(t *testing.T) {
	ctx := context.Background()
	if dsn := os.Getenv("ASSAY_TEST_READ_ONLY"); dsn != "" {
		if os.Geteuid() == 0 {
			require.NoError(t, syscall.Setuid(65534), "permissions do not bind root")
		}
		st, err := store.Open(ctx, dsn)
		if err != nil {
			require.ErrorContains(t, err, "make it and its folder writable, or name another with --store")
		} else {
			require.NoError(t, st.Close())
		}
		st, err = store.Read(ctx, dsn)
		require.NoError(t, err)
		defer st.Close()
		run, err := st.Run(ctx, "r1")
		require.NoError(t, err)
		assert.Len(t, run.Records, 3)
		for s, err := range st.History(ctx, store.Filter{}) {
			require.NoError(t, err)
			assert.Len(t, s.Points, 1, s.Key)
		}
		require.Error(t, st.MoveBaseline(ctx, store.Baseline{Run: "r1", Time: night}))
		return
	}
	for _, left := range []string{"nothing", "-wal and -shm", "-wal alone", "an older schema"} {
		t.Run(left, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // a test's folder is its user's alone
			dsn := filepath.Join(dir, "s.db")
			st, err := store.Open(ctx, dsn)
			require.NoError(t, err)
			_, err = st.Import(ctx, runOf("r1", 3))
			require.NoError(t, err)
			logs := map[string][]byte{}
			for _, suffix := range []string{"-wal", "-shm"} {
				logs[suffix], err = os.ReadFile(dsn + suffix)
				require.NoError(t, err)
			}
			main, err := os.ReadFile(dsn)
			require.NoError(t, err)
			require.NoError(t, st.Close())
			switch left {
			case "nothing":
			case "an older schema":
				execSQL(t, dsn, `ALTER TABLE records DROP COLUMN sum; DROP INDEX series_called; ALTER TABLE series DROP COLUMN called;
					ALTER TABLE series DROP COLUMN model; UPDATE assay_schema SET version = 2; PRAGMA journal_mode = DELETE`)
			default: // as a process that was killed leaves it
				require.NoError(t, os.WriteFile(dsn, main, 0o644))
				require.NoError(t, os.WriteFile(dsn+"-wal", logs["-wal"], 0o444))
			}
			if left == "-wal and -shm" {
				require.NoError(t, os.WriteFile(dsn+"-shm", logs["-shm"], 0o444))
			}
			require.NoError(t, os.Chmod(dsn, 0o444))
			require.NoError(t, os.Chmod(dir, 0o555))
			t.Cleanup(func() { assert.NoError(t, os.Chmod(dir, 0o755)) })

			name, _, _ := strings.Cut(t.Name(), "/")
			child := exec.CommandContext(ctx, os.Args[0], "-test.run", "^"+name+"$", "-test.v")
			child.Env = append(os.Environ(), "ASSAY_TEST_READ_ONLY="+dsn, "TMPDIR=/tmp")
			out, err := child.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Contains(t, string(out), "PASS: "+name)
		})
	}
}
