package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/jsonl"
	"assay/results/store"
)

// TestMain writes records until it is killed when it is the child of
// TestKilledWhileWriting.
func TestMain(m *testing.M) {
	if dsn := os.Getenv("ASSAY_TEST_WRITE_TO"); dsn != "" {
		if err := writeForEver(dsn, os.Getenv("ASSAY_TEST_RUN")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForEver adds records to the store and to a file, and prints the number
// of each when both have acknowledged it.
func writeForEver(dsn, id string) error {
	ctx := context.Background()
	st, err := store.Open(ctx, dsn)
	if err != nil {
		return err
	}
	file, err := jsonl.Append(os.Getenv("ASSAY_TEST_FILE"))
	if err != nil {
		return err
	}
	if err := st.BeginRun(ctx, store.RunInfo{ID: id, Machine: "mini (Apple M4)", Started: night}); err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := st.Add(ctx, record(id, i)); err != nil {
			return err
		}
		if err := file.Write(record(id, i)); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// A hundred times a process that writes is killed at a moment of its own. The
// store opens each time, every acknowledged record is in it and in the file,
// and nothing else is but perhaps the one that was being written.
func TestKilledWhileWriting(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 5
	}
	onBoth(t, func(t *testing.T, dsn string) {
		file := filepath.Join(t.TempDir(), "runs.jsonl")
		acknowledged := map[string]int{}
		for i := range kills {
			id := fmt.Sprintf("r%03d", i)
			acknowledged[id] = writeAndKill(t, dsn, file, id, time.Duration(i)*500*time.Microsecond)
		}
		st := open(t, dsn)
		inFile, err := readFile(file)
		require.NoError(t, err)
		written := map[string]results.Run{}
		for _, run := range inFile {
			written[run.ID] = run
		}
		total := 0
		for id, n := range acknowledged {
			run, err := st.Run(context.Background(), id)
			require.NoError(t, err)
			assertFirst(t, run, n)
			assertFirst(t, written[id], n)
			total += n
		}
		t.Logf("%d kills, %d records acknowledged, none lost", kills, total)
	})
}

// assertFirst checks that a run is its first n records, and at most one more.
func assertFirst(t *testing.T, run results.Run, n int) {
	t.Helper()
	require.GreaterOrEqual(t, len(run.Records), n, "run %s lost an acknowledged record", run.ID)
	require.LessOrEqual(t, len(run.Records), n+1)
	assert.Equal(t, runOf(run.ID, len(run.Records)).Records, run.Records)
}

// writeAndKill starts a writer, kills it with SIGKILL a little after its first
// acknowledgement, and returns how many records it acknowledged.
func writeAndKill(t *testing.T, dsn, file, id string, after time.Duration) int {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ASSAY_TEST_WRITE_TO="+dsn, "ASSAY_TEST_FILE="+file, "ASSAY_TEST_RUN="+id)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	n := 0
	for lines.Scan() {
		if n++; n == 1 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
	}
	require.ErrorContains(t, cmd.Wait(), "killed")
	require.Positive(t, n)
	return n
}
