package nightly

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/home"
	"assay/harness/machine"
	"assay/harness/run"
	"assay/harness/suite"
	"assay/harness/worker/workertest"
	"assay/native/llama"
	"assay/results"
	"assay/results/alert"
	"assay/results/night"
	"assay/results/store"
)

// TestMain lets the test binary be its own worker, and a night of its own that
// can be killed.
func TestMain(m *testing.M) {
	workertest.Serve()
	switch {
	case len(os.Args) > 2 && os.Args[1] == "nightly":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		o, err := options(os.Args[2])
		if err == nil {
			_, err = Run(ctx, o)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) > 2 && (os.Args[1] == "run" || os.Args[1] == "resume"):
		if err := runFor(os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

const smallSuite = `
name: small
cases:
  - models: [preset:smollm2-135m]
    skeleton: kv
    kinds: [kv]
    n_ctx: [256, 512, 1024]
    n_threads: [1]
`

// options are those of a fit machine whose home is dir.
func options(dir string) (Options, error) {
	file := filepath.Join(dir, "suite.yaml")
	if err := os.WriteFile(file, []byte(smallSuite), 0o644); err != nil {
		return Options{}, err
	}
	s, err := suite.Read(file)
	return Options{
		Suite: s, Home: home.Home{Cache: dir, Data: dir}, Reports: filepath.Join(dir, "reports"),
		Bench: run.Options{Runtimes: []string{"llama.cpp"}, Host: func(ctx context.Context) results.Host {
			h := machine.Read(ctx)
			h.Unfit = nil
			return h
		}},
	}, err
}

// testOptions skips without llama.cpp; where CI is set a missing one fails.
func testOptions(t *testing.T) Options {
	t.Helper()
	if _, err := llama.Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("llama.cpp is needed: %v", err)
		}
		t.Skipf("needs llama.cpp: %v", err)
	}
	found, err := llama.Find()
	require.NoError(t, err)
	t.Setenv("ASSAY_LLAMA_LIB", found)
	dir := t.TempDir()
	t.Setenv("ASSAY_HOME", dir)
	o, err := options(dir)
	require.NoError(t, err)
	return o
}

// A planted change is announced once, goes on quietly, and ends when accepted.
func TestNights(t *testing.T) {
	o := testOptions(t)
	posts := 0
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.Contains(t, string(body), "kv_bytes changed")
		posts++
	}))
	defer hook.Close()
	o.Webhook.URL, o.Keep = hook.URL, 2

	first, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.True(t, first.First)
	assert.Equal(t, [2]int{3, 3}, [2]int{first.Cases, first.Adopted})
	assert.Len(t, first.Files, 3)

	st, err := store.Open(t.Context(), o.Home.Store())
	require.NoError(t, err)
	defer st.Close()
	planted, err := st.Run(t.Context(), first.Run)
	require.NoError(t, err)
	planted.ID = "planted"
	for i := range planted.Records {
		planted.Records[i].RunID = planted.ID
		*planted.Records[i].Measured.KVBytes++
	}
	_, err = st.Import(t.Context(), planted)
	require.NoError(t, err)
	by := night.Acceptance{Who: "ada", Why: "to plant a change", Time: time.Now()}
	_, err = night.Accept(t.Context(), st, planted, by)
	require.NoError(t, err)

	second, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.True(t, second.Regressed())
	assert.Len(t, alert.Loud(second.Alerts), 3)
	assert.Equal(t, 1, posts)

	third, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.False(t, third.Regressed(), "what is known is not announced anew")
	assert.Len(t, third.Alerts, 3)
	assert.Equal(t, 1, posts)
	assert.Equal(t, 5, third.Removed, "the files of the first night")
	assert.NoFileExists(t, first.Files[0])
	assert.FileExists(t, second.Files[0])

	head, err := st.Run(t.Context(), third.Run)
	require.NoError(t, err)
	_, err = night.Accept(t.Context(), st, head, by)
	require.NoError(t, err)
	fourth, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.Empty(t, fourth.Alerts, "what was accepted is the measure")
	var text bytes.Buffer
	require.NoError(t, fourth.WriteMarkdown(&text))
	assert.Contains(t, text.String(), "Nothing moved.")
}

// A night that was killed is gone on with.
func TestKilled(t *testing.T) {
	o := testOptions(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, "nightly", o.Home.Data)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		journals, _ := filepath.Glob(filepath.Join(o.Home.Runs(), "*.journal"))
		if len(journals) == 0 {
			return false
		}
		text, err := os.ReadFile(journals[0])
		return err == nil && bytes.Count(text, []byte("\n")) >= 2 // the plan and a visit
	}, 2*time.Minute, time.Millisecond)
	_, err = Run(t.Context(), o)
	var held *HeldError
	if assert.ErrorAs(t, err, &held, "two never run at once") {
		assert.Contains(t, held.Holder, "process ")
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed

	n, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.True(t, n.Resumed)
	assert.Equal(t, [2]int{3, 0}, [2]int{n.Cases, n.Failed})
}

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "data", "nightly.lock")
	one, err := acquire(name, time.Now())
	require.NoError(t, err)
	_, err = acquire(name, time.Now())
	var held *HeldError
	require.ErrorAs(t, err, &held)
	require.NoError(t, one.release())
	again, err := acquire(name, time.Now())
	require.NoError(t, err)
	require.NoError(t, again.release())
}

func TestDrift(t *testing.T) {
	assert.Nil(t, newDrifts(nil))
	d := newDrifts([]run.CanaryReading{{NS: 100}, {NS: 50, Runtime: "mlx"}, {NS: 130}, {NS: 110}})
	require.Len(t, d, 2)
	assert.Equal(t, "the canary ended +10.0 % from where it began, its slowest of 3 readings 30.0 % above its fastest", d[0].String())
	assert.Equal(t, "the canary in mlx ended +0.0 % from where it began, its slowest of 1 readings 0.0 % above its fastest", d[1].String())
}

// A machine that was busy all night says so once.
func TestAlike(t *testing.T) {
	assert.Equal(t, []string{"the load is 8.8, above 8 (and so 2 times more)", "it runs on battery"},
		alike([]string{"the load is 8.8, above 8", "the load is 9.3, above 8", "it runs on battery", "the load is 10.1, above 8"}))
}
