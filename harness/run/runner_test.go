package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/home"
	"assay/harness/llamacpp"
	"assay/harness/machine"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/harness/worker/workertest"
	"assay/results"
)

// TestMain lets the test binary be its own worker, so that the tests run real
// ones.
func TestMain(m *testing.M) {
	workertest.Serve()
	os.Exit(workertest.WithSkeletons(m, func(dir string) { skeletons = dir }))
}

// skeletons is shared by the tests of this package: each is written once.
var skeletons string

// newRunner is a runner whose home is a fresh folder and whose records are
// collected.
func newRunner(t *testing.T, records *[]results.Record) *Runner {
	t.Helper()
	workertest.NeedLlama(t)
	self, err := worker.Self()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(skeletons, 0o755))
	require.NoError(t, os.Symlink(skeletons, filepath.Join(dir, "skeletons")))
	return &Runner{
		Home: home.Home{Cache: dir, Data: dir}, Worker: self, Host: machine.Read, Available: map[string]results.Runtime{},
		Record: func(_ context.Context, r results.Record) error {
			*records = append(*records, r)
			return nil
		},
	}
}

// smallSuite has three KV cases and one timed one, each a second or less.
func smallSuite(t *testing.T) (suite.Suite, []subject.Item) {
	t.Helper()
	s, err := suite.Parse("test", []byte(`
rounds: 2
samples: 3
timeout: 60s
cases:
  - models: [preset:smollm2-135m]
    skeleton: kv
    kinds: [kv]
    n_ctx: [256, 512, 1024]
    n_threads: [1]
  - models: [preset:smollm2-135m]
    skeleton: kv
    kinds: [decode]
    n_gen: [4]
    n_threads: [1]
`))
	require.NoError(t, err)
	items, err := suite.Expand(t.Context(), s, []string{llamacpp.Name})
	require.NoError(t, err)
	require.Len(t, items, 4)
	return s, items
}

const testRun = "20260102-030405-abcdef"

func run(t *testing.T, ctx context.Context, r *Runner, s suite.Suite, items []subject.Item) error {
	t.Helper()
	return r.Run(ctx, testRun, time.Now().UTC(), s, items)
}

func TestRun(t *testing.T) {
	var records []results.Record
	r := newRunner(t, &records)
	s, items := smallSuite(t)
	require.NoError(t, run(t, t.Context(), r, s, items))
	require.Len(t, records, 4)
	for _, rec := range records {
		assert.Equal(t, results.StatusOK, rec.Status, rec.Error)
		assert.NotEmpty(t, rec.Checks)
		for _, c := range rec.Checks {
			assert.True(t, c.OK, "%s: %s: %s", rec.Key(), c.Name, c.Detail)
		}
		assert.NoError(t, rec.Validate())
		if rec.Case.Kind == results.KindDecode {
			assert.Len(t, rec.Measured.SamplesNS, 6, "three samples of two rounds")
			assert.Equal(t, []int{0, 0, 0, 1, 1, 1}, rec.Measured.Rounds)
			assert.NotNil(t, rec.Measured.TokensPerSecond.CI95)
		}
	}
}

// A worker that dies or hangs costs its case and no other.
func TestWorkerFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		signal  syscall.Signal
		timeout time.Duration
		want    string
	}{
		"abort":   {syscall.SIGABRT, time.Minute, "SIGABRT"},
		"segv":    {syscall.SIGSEGV, time.Minute, "SIGSEGV"},
		"bus":     {syscall.SIGBUS, time.Minute, "SIGBUS"},
		"killed":  {syscall.SIGKILL, time.Minute, "ended by SIGKILL"},
		"hanging": {syscall.SIGSTOP, 5 * time.Second, "no sign of life for 5s"},
	} {
		t.Run(name, func(t *testing.T) {
			var records []results.Record
			r := newRunner(t, &records)
			s, items := smallSuite(t)
			s.Timeout = suite.Duration(tc.timeout)
			r.Progress = func(p Progress) {
				if p.Item.Case.NCtx == 512 && p.Phase == "loading" {
					assert.NoError(t, syscall.Kill(p.PID, tc.signal))
				}
			}
			require.NoError(t, run(t, t.Context(), r, s, items), "the run goes on")
			require.Len(t, records, 4)
			for _, rec := range records {
				if rec.Case.NCtx != 512 {
					assert.Equal(t, results.StatusOK, rec.Status, rec.Error)
					continue
				}
				assert.Equal(t, results.StatusFailed, rec.Status)
				assert.Contains(t, rec.Error, tc.want)
				assert.Contains(t, rec.Error, "while loading")
				assert.Nil(t, rec.Measured, "nothing of a failed case is made up")
				for _, line := range rec.Log {
					assert.NotContains(t, line, "goroutine", "the library's lines, not our stacks")
				}
			}
		})
	}
}

// What a run was interrupted in is finished by a resumed one, and nothing is
// measured twice.
func TestInterruptAndResume(t *testing.T) {
	for name, interruptAt := range map[string]string{"inside a case": "loading", "between cases": ""} {
		t.Run(name, func(t *testing.T) {
			var before, after []results.Record
			r := newRunner(t, &before)
			s, items := smallSuite(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r.Progress = func(p Progress) {
				if p.Done == 2 && p.Phase == interruptAt {
					cancel()
				}
			}
			if interruptAt == "" {
				keep := r.Record
				r.Record = func(ctx context.Context, rec results.Record) error {
					if len(before) == 1 {
						cancel()
					}
					return keep(ctx, rec)
				}
			}
			require.ErrorIs(t, run(t, ctx, r, s, items), context.Canceled)
			visits := countLines(t, journalPath(r.Home.Runs(), testRun))

			r.Progress = nil
			r.Record = func(_ context.Context, rec results.Record) error {
				after = append(after, rec)
				return nil
			}
			j, err := resumeJournal(r.Home.Runs(), "", "")
			require.NoError(t, err)
			assert.Equal(t, testRun, j.plan.RunID)
			require.NoError(t, r.finish(t.Context(), j, func() error { return nil }))
			require.Len(t, after, 4, "all records are handed on again")
			for _, rec := range after {
				assert.Equal(t, results.StatusOK, rec.Status, rec.Error)
			}
			// The plan, two owners, four first visits, one second round, the end.
			assert.Equal(t, 9, countLines(t, journalPath(r.Home.Runs(), testRun)))
			assert.Less(t, visits, 8)

			_, err = resumeJournal(r.Home.Runs(), testRun, "")
			assert.ErrorContains(t, err, "is complete")
			_, err = resumeJournal(r.Home.Runs(), "", "")
			assert.ErrorContains(t, err, "no interrupted run")
		})
	}
}

func countLines(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Count(string(text), "\n")
}

// interrupted is the journal of a run that ends after two visits.
func interrupted(t *testing.T, r *Runner) string {
	t.Helper()
	s, items := smallSuite(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.Progress = func(p Progress) {
		if p.Done == 2 {
			cancel()
		}
	}
	require.ErrorIs(t, run(t, ctx, r, s, items), context.Canceled)
	return journalPath(r.Home.Runs(), testRun)
}

// Half a line at the journal's end is what a crash leaves: it is cut off and
// the run goes on.
func TestResumeAfterTornLine(t *testing.T) {
	var records []results.Record
	r := newRunner(t, &records)
	path := interrupted(t, r)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"item":3,"round":0,"outcome":{"run`)
	require.NoError(t, errors.Join(err, f.Close()))

	r.Progress, records = nil, nil
	j, err := resumeJournal(r.Home.Runs(), "", "")
	require.NoError(t, err)
	require.NoError(t, r.finish(t.Context(), j, func() error { return nil }))
	assert.Len(t, records, 4)
	whole, _, err := lookInto(path)
	require.NoError(t, err)
	assert.True(t, whole.finished, "every line after the torn one can be read")
}

// A damaged line in the middle is named, and nothing behind it is cut off.
func TestResumeRefusesDamage(t *testing.T) {
	var records []results.Record
	r := newRunner(t, &records)
	path := interrupted(t, r)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	require.Greater(t, len(lines), 3, "a plan and two visits")
	lines[1] = "damaged\n"
	damaged := strings.Join(lines, "")
	require.NoError(t, os.WriteFile(path, []byte(damaged), 0o600))
	for _, id := range []string{testRun, ""} {
		_, err = resumeJournal(r.Home.Runs(), id, "")
		assert.ErrorContains(t, err, "line 2 is damaged")
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, damaged, string(kept))
}

// A model that would not fit is refused before anything of it is written.
func TestTooLargeIsRefused(t *testing.T) {
	var records []results.Record
	r := newRunner(t, &records)
	r.Host = func(ctx context.Context) results.Host {
		h := machine.Read(ctx)
		h.FreeMemoryBytes = new(int64(1 << 20))
		return h
	}
	s, items := smallSuite(t)
	require.NoError(t, run(t, t.Context(), r, s, items[:1]))
	require.Len(t, records, 1)
	assert.Equal(t, results.StatusSkipped, records[0].Status)
	assert.Contains(t, records[0].Error, "--force")

	records = nil
	r.Force, r.Home.Data = true, t.TempDir()
	require.NoError(t, run(t, t.Context(), r, s, items[:1]))
	require.Len(t, records, 1)
	assert.Equal(t, results.StatusOK, records[0].Status, records[0].Error)
}
