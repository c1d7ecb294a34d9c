package store_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
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
		driver, dsn = "sqlite", "file:"+filepath.Dir(dsn)+"/a%20store%3F%23%25.db"
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
		require.ErrorContains(t, err, "its schema is version 99 and this program knows 2: a newer assay wrote it; use that one, or another store")

		execSQL(t, dsn, `UPDATE assay_schema SET version = 2`)
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
		execSQL(t, dsn, `DROP TABLE baselines; DROP TABLE fits; DROP TABLE documents; UPDATE assay_schema SET version = 1`)

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
		for range 4 {
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

// A store on a read-only disk, or of another user, is read; what was lost by
// not writing its log beside it would show in the number of records.
func TestReadWhereNothingCanBeWritten(t *testing.T) {
	ctx := context.Background()
	if dsn := os.Getenv("ASSAY_TEST_READ_ONLY"); dsn != "" {
		if os.Geteuid() == 0 {
			require.NoError(t, syscall.Setuid(65534), "permissions do not bind root")
		}
		_, err := store.Open(ctx, dsn)
		require.ErrorContains(t, err, "make it and its folder writable, or name another with --store")
		st, err := store.Read(ctx, dsn)
		require.NoError(t, err)
		defer st.Close()
		run, err := st.Run(ctx, "r1")
		require.NoError(t, err)
		assert.Len(t, run.Records, 3)
		require.Error(t, st.MoveBaseline(ctx, store.Baseline{Run: "r1", Time: night}))
		return
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // a test's folder is its user's alone
	dsn := filepath.Join(dir, "s.db")
	st, err := store.Open(ctx, dsn)
	require.NoError(t, err)
	_, err = st.Import(ctx, runOf("r1", 3))
	require.NoError(t, err)
	require.NoError(t, st.Close())
	require.NoError(t, os.Chmod(dsn, 0o444))
	require.NoError(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { assert.NoError(t, os.Chmod(dir, 0o755)) })

	child := exec.CommandContext(ctx, os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), "ASSAY_TEST_READ_ONLY="+dsn)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "PASS: "+t.Name())
}
