package nightly

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"assay/harness/run"
	"assay/results"
	"assay/results/jsonl"
	"assay/results/store"
)

// scene is a night, or a run, that something is done to.
type scene struct {
	dir   string
	dsn   string // of its store
	child *exec.Cmd
	rng   *rand.Rand
}

// torture is what is done to a run, or a night, at a moment of its own.
type torture struct {
	name string
	do   func(t *testing.T, s scene)
}

func (s scene) pause(most time.Duration) { time.Sleep(time.Duration(s.rng.Int64N(int64(most)))) }

var tortures = []torture{
	{"killed", func(_ *testing.T, s scene) {
		_ = s.child.Process.Kill() // it may be over
	}},
	{"interrupted", func(_ *testing.T, s scene) {
		_ = s.child.Process.Signal(syscall.SIGTERM)
	}},
	{"cut", func(t *testing.T, s scene) {
		_ = s.child.Process.Kill()
		_, _ = s.child.Process.Wait()
		journals, err := filepath.Glob(filepath.Join(s.dir, "runs", "*.journal"))
		require.NoError(t, err)
		if len(journals) > 0 { // half a line more, as a crash in the middle of a write leaves
			last := journals[len(journals)-1]
			f, err := os.OpenFile(last, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteString(`{"item":1,"round":0,"outcome":{"ru`[:1+s.rng.IntN(30)])
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
	}},
	{"filled", nil}, // the child's files may not grow beyond a random size
}

// locked is done to a store that is a file.
var locked = torture{"locked", func(t *testing.T, s scene) {
	db, err := sql.Open("sqlite", "file:"+s.dsn+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		return // there is no store yet, or the run holds it
	}
	s.pause(1500 * time.Millisecond)
	require.NoError(t, tx.Rollback())
}}

// toServer is done to a store on a server.
var toServer = []torture{
	{"disconnected", func(t *testing.T, s scene) {
		for range 1 + s.rng.IntN(3) {
			backends(t, s.dsn, "SELECT pg_terminate_backend(pid)::int")
			s.pause(300 * time.Millisecond)
		}
	}},
	{"backend killed", func(t *testing.T, s scene) { // which restarts the whole server
		for _, pid := range backends(t, s.dsn, "SELECT pid") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}},
}

// backends asks something of the server's connections but for its own.
func backends(t *testing.T, dsn, ask string) (out []int) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query(ask + " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var n int
		require.NoError(t, rows.Scan(&n))
		out = append(out, n)
	}
	return out
}

// started starts this test's binary as a run or a night of its own.
func started(t *testing.T, dir, what string, limit int64) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	args := []string{os.Args[0], what, dir}
	if limit > 0 {
		args = append([]string{"sh", "-c", fmt.Sprintf("ulimit -f %d; exec \"$0\" \"$@\"", limit/512)}, args...)
	}
	child := exec.Command(args[0], args[1:]...)
	child.Env = append(os.Environ(), "ASSAY_HOME="+dir)
	var said bytes.Buffer
	child.Stdout, child.Stderr = &said, &said
	require.NoError(t, child.Start())
	return child, &said
}

// Whatever happens to a night, wherever it happens: what was acknowledged is in the
// file and in the store, once, and the next night runs to its end. Two hundred times
// where ASSAY_ALL is set.
func TestTorturedNights(t *testing.T) {
	o := testOptions(t)
	all := append([]torture{locked}, tortures...)
	if medium(t, o.Home.Data) {
		all = append(all, onMedium...)
	}
	tortureNights(t, scene{dir: o.Home.Data, dsn: filepath.Join(o.Home.Data, "assay.db")}, all, 1)
}

// The same with a store on a server, whose connections are cut and killed. It needs
// the one that scripts/with-postgres starts.
func TestTorturedNightsOnAServer(t *testing.T) {
	dsn := os.Getenv("ASSAY_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("ASSAY_TEST_POSTGRES is not set; scripts/with-postgres sets it")
	}
	o := testOptions(t)
	t.Setenv("ASSAY_STORE", dsn)
	tortureNights(t, scene{dir: o.Home.Data, dsn: dsn}, append(toServer, tortures[:3]...), 1)
}

// tortureNights does each torture so many times, or all of them 200 times.
func tortureNights(t *testing.T, s scene, all []torture, each int) {
	times := each * len(all)
	if os.Getenv("ASSAY_ALL") != "" {
		times = 200
	}
	child, said := started(t, s.dir, "nightly", 0)
	begun := time.Now()
	require.NoError(t, child.Wait(), said.String())
	long := time.Since(begun)
	for i := range times {
		s.rng = rand.New(rand.NewPCG(uint64(i), 3))
		hurt := all[i%len(all)]
		t.Run(fmt.Sprintf("%d %s", i, hurt.name), func(t *testing.T) {
			limit := int64(0)
			if hurt.do == nil {
				limit = int64(512 * (1 + s.rng.IntN(60)))
			}
			s.child, said = started(t, s.dir, "nightly", limit)
			if hurt.do != nil {
				s.pause(long)
				hurt.do(t, s)
			}
			err := s.child.Wait() // however it ended
			t.Logf("it ended with %v: %s", err, said)
			assert.NotContains(t, said.String(), "panic", "it ends with a sentence")
			holdsTogether(t, s, false)

			child, said := started(t, s.dir, "nightly", 0)
			require.NoError(t, child.Wait(), "the next night: %s", said)
			holdsTogether(t, s, true)
		})
	}
}

// holdsTogether compares the runs' files with the store: each record once, and none in
// the one that is not in the other; finished means all cases.
func holdsTogether(t *testing.T, s scene, settled bool) {
	t.Helper()
	ctx := context.Background()
	var st *store.Store
	require.Eventually(t, func() (ok bool) { // a server whose backend was killed starts again
		var err error
		st, err = store.Read(ctx, s.dsn)
		return err == nil
	}, 20*time.Second, 100*time.Millisecond)
	defer st.Close()
	infos, err := st.Runs(ctx, store.Filter{})
	require.NoError(t, err)
	for i, info := range infos {
		kept, err := st.Run(ctx, info.ID)
		require.NoError(t, err)
		keys := map[results.Key]int{}
		for _, rec := range kept.Records {
			keys[rec.Key()]++
		}
		for key, n := range keys {
			assert.Equal(t, 1, n, "%s: %s is in the store %d times", info.ID, key, n)
		}
		if info.Finished != nil {
			assert.Len(t, kept.Records, 3, "%s is finished", info.ID)
		}
		f, err := os.Open(filepath.Join(s.dir, "runs", info.ID+".jsonl"))
		if os.IsNotExist(err) {
			assert.Empty(t, kept.Records)
			continue
		}
		require.NoError(t, err)
		runs, err := jsonl.ReadRuns(f, info.ID)
		require.NoError(t, f.Close())
		require.NoError(t, err)
		inFile := map[results.Key]results.Record{}
		for _, r := range runs {
			for _, rec := range r.Records {
				assert.NotContains(t, inFile, rec.Key(), "%s: twice in its file", info.ID)
				inFile[rec.Key()] = rec
			}
		}
		for _, rec := range kept.Records { // the file has a record before the store has
			assert.Equal(t, text(t, rec), text(t, inFile[rec.Key()]), info.ID)
		}
		if settled && i == len(infos)-1 {
			assert.NotNil(t, info.Finished, "the last night is finished")
			assert.Len(t, inFile, 3)
		}
	}
}

func text(t *testing.T, rec results.Record) string {
	t.Helper()
	out, err := json.Marshal(rec)
	require.NoError(t, err)
	return string(out)
}

// A run keeps what it was begun with, writes --out once however often it is resumed,
// and goes on where its store was locked.
func TestTorturedRuns(t *testing.T) {
	o := testOptions(t)
	times := 4
	if os.Getenv("ASSAY_ALL") != "" {
		times = 50
	}
	for i := range times {
		rng := rand.New(rand.NewPCG(uint64(i), 4))
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := o.Home.Data
			out := filepath.Join(dir, "out.jsonl")
			require.NoError(t, os.RemoveAll(out))
			child, _ := started(t, dir, "run", 0)
			time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
			_ = child.Process.Kill()
			_ = child.Wait()
			for range 3 { // a resume that is killed, too, and one that is not
				child, _ := started(t, dir, "resume", 0)
				time.Sleep(time.Duration(rng.IntN(1000)) * time.Millisecond)
				_ = child.Process.Kill()
				_ = child.Wait()
			}
			child, said := started(t, dir, "resume", 0)
			if err := child.Wait(); err != nil {
				require.Regexp(t, "no interrupted run|is complete", said.String(), "it was over, or had not begun")
				return
			}
			text, err := os.ReadFile(out)
			require.NoError(t, err)
			assert.Equal(t, 3, strings.Count(string(text), "\n"))
			holdsTogether(t, scene{dir: dir, dsn: filepath.Join(dir, "assay.db")}, true)
		})
	}
}

// runFor is the child of TestTorturedRuns.
func runFor(what, dir string) error {
	ctx := context.Background()
	o, err := options(dir)
	if err != nil {
		return err
	}
	opt := o.Bench
	if what == "run" {
		opt.Out, opt.Rules = filepath.Join(dir, "out.jsonl"), []string{"none"}
		bench, err := run.New(ctx, opt)
		if err != nil {
			return err
		}
		return bench.Run(ctx, o.Suite)
	}
	opt, id, err := run.Continue(opt, "")
	if err != nil {
		return err
	}
	bench, err := run.New(ctx, opt)
	if err != nil {
		return err
	}
	return bench.Resume(ctx, id)
}
