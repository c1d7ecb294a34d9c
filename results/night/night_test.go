package night

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/store"
)

var start = time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)

// tonight makes the run of a day: 40 timed cases, of which the first is slower
// by the given share.
func tonight(day int, slower float64) results.Run {
	rng := rand.New(rand.NewPCG(uint64(day), 1))
	r := results.Run{ID: fmt.Sprintf("night%02d", day)}
	for i := range 40 {
		kv := int64(1 << 20)
		rec := results.Record{
			Schema: 1, RunID: r.ID, Time: start.AddDate(0, 0, day).Add(time.Duration(i) * time.Second), Status: results.StatusOK,
			Host:     results.Host{Name: "mini", OS: "darwin", Chip: "Apple M4", Power: "ac"},
			Runtime:  results.Runtime{Name: "llama.cpp", Version: "b7000"},
			Model:    results.Model{Ref: "m.gguf", Name: "m"},
			Case:     results.Case{Kind: results.KindDecode, NGen: 128, NDepth: i},
			Measured: &results.Measured{KVBytes: &kv},
		}
		for s := range 10 {
			ns := 1e9 * math.Exp(0.01*rng.NormFloat64())
			if i == 0 {
				ns *= 1 + slower
			}
			rec.Measured.SamplesNS = append(rec.Measured.SamplesNS, int64(ns))
			rec.Measured.Rounds = append(rec.Measured.Rounds, s/5)
		}
		r.Records = append(r.Records, rec)
	}
	return r
}

// identified is the run with what is known of its model's file.
func identified(r results.Run) results.Run {
	for i := range r.Records {
		m := &r.Records[i].Model
		m.HeaderSHA256, m.FileType, m.SizeBytes = fmt.Sprintf("%064d", 1), "Q4_0", new(int64(7))
	}
	return r
}

// A slowdown is found, goes on, is accepted and is over; a file's identity, known from
// night 17 on, changes nothing of that.
func TestNights(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	require.NoError(t, err)
	defer st.Close()
	judge := func(day int, slower float64) (Verdict, error) {
		run := tonight(day, slower)
		if day >= 17 {
			run = identified(run)
		}
		_, err := st.Import(ctx, run)
		require.NoError(t, err)
		return Judge(ctx, st, run, Options{Now: start.AddDate(0, 0, day)})
	}
	states := func(day int, slower float64) []alert.State {
		v, err := judge(day, slower)
		require.NoError(t, err)
		var out []alert.State
		for _, a := range v.Alerts {
			out = append(out, a.State)
		}
		return out
	}

	_, err = judge(0, 0)
	require.ErrorIs(t, err, ErrFirst)
	for day := 1; day < 16; day++ {
		assert.Empty(t, states(day, 0), "night %d", day)
	}
	assert.Equal(t, []alert.State{alert.New}, states(16, 0.05))
	assert.Equal(t, []alert.State{alert.Ongoing}, states(17, 0.05))
	assert.Equal(t, []alert.State{alert.Ongoing}, states(18, 0.05), "nights under suspicion do not become the measure")

	key := identified(tonight(18, 0)).Records[0].Key()
	by := Acceptance{Keys: []results.Key{key}, Who: "ada", Why: "safer by default", Time: start.AddDate(0, 0, 18)}
	done, err := Accept(ctx, st, identified(tonight(18, 0.05)), by)
	require.NoError(t, err)
	assert.Len(t, done, 1)
	moves, err := st.Baselines(ctx, "")
	require.NoError(t, err)
	assert.Equal(t, "safer by default", moves[0].Why)

	assert.Empty(t, states(19, 0.05), "what was accepted is the measure")
	assert.Empty(t, states(20, 0.05))
	v, err := judge(21, 0.12)
	require.NoError(t, err)
	require.Len(t, v.Alerts, 1, "and a further slowdown is seen against it")
	assert.Equal(t, []alert.State{alert.Recovered}, states(22, 0.05))
}

func TestAcceptRefuses(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	require.NoError(t, err)
	defer st.Close()
	run := tonight(1, 0)
	for want, a := range map[string]Acceptance{
		"a change is accepted by somebody, for a reason": {Who: "ada"},
		"run night01 has no case x":                      {Who: "ada", Why: "y", Keys: []results.Key{"x"}},
		"the store has no such run":                      {Who: "ada", Why: "y"},
	} {
		_, err := Accept(ctx, st, run, a)
		assert.ErrorContains(t, err, want)
	}
	_, err = Judge(ctx, st, results.Run{ID: "empty"}, Options{Now: start})
	assert.EqualError(t, err, "run empty holds no record")
}

func TestAdopt(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	require.NoError(t, err)
	defer st.Close()
	adopt := func(run results.Run) int {
		_, err := st.Import(ctx, run)
		require.NoError(t, err)
		n, err := Adopt(ctx, st, run, start)
		require.NoError(t, err)
		return n
	}
	changed := func(day int, change func(*results.Record)) results.Run {
		r := tonight(day, 0)
		change(&r.Records[3])
		return r
	}
	unfit := func(r *results.Record) { r.Host.Unfit = []string{"it runs on battery"} }
	fail := func(r *results.Record) { r.Status, r.Error, r.Measured = results.StatusFailed, "aborted", nil }

	assert.Equal(t, 0, adopt(changed(0, unfit)), "an unfit machine is no baseline")
	assert.Equal(t, 39, adopt(changed(1, fail)))
	assert.Equal(t, 1, adopt(tonight(2, 0)), "a case that succeeds for the first time")
	assert.Equal(t, 0, adopt(tonight(3, 0)))
	moves, err := st.Baselines(ctx, "")
	require.NoError(t, err)
	require.Len(t, moves, 2)
	assert.Equal(t, string(tonight(0, 0).Records[3].Key()), moves[1].Key)

	// A baseline of all cases takes the place of what single ones had before.
	again := changed(4, fail)
	_, err = st.Import(ctx, again)
	require.NoError(t, err)
	require.NoError(t, st.MoveBaseline(ctx, store.Baseline{Machine: moves[0].Machine, Run: again.ID, Time: start, Who: "ada",
		Why: "a new machine room"}))
	assert.Equal(t, 0, adopt(changed(5, fail)), "a failure is no baseline")
	assert.Equal(t, 1, adopt(tonight(6, 0)), "the case has none in the new baseline")
}

// A suite of other cases begins anew on a machine that has nights, or other runs.
func TestNightOfOtherCases(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	require.NoError(t, err)
	defer st.Close()
	judge := func(run results.Run) (Verdict, int, error) {
		_, err := st.Import(ctx, run)
		require.NoError(t, err)
		v, judged := Judge(ctx, st, run, Options{Now: start})
		adopted, err := Adopt(ctx, st, run, start)
		require.NoError(t, err)
		return v, adopted, judged
	}
	others := func(day int) results.Run {
		r := tonight(day, 0)
		for i := range r.Records {
			r.Records[i].Model.Name, r.Records[i].Model.Ref = "another", "another.gguf"
		}
		return r
	}
	_, _, err = judge(tonight(0, 0))
	require.ErrorIs(t, err, ErrFirst)
	_, _, err = judge(tonight(1, 0))
	require.NoError(t, err)
	broken := others(2)
	broken.Records[7].Status, broken.Records[7].Error, broken.Records[7].Measured = results.StatusFailed, "aborted", nil
	v, adopted, err := judge(broken)
	require.ErrorIs(t, err, ErrFirst)
	assert.Equal(t, 39, adopted)
	require.Len(t, v.Alerts, 1, "what failed is said all the same")
	assert.Equal(t, alert.Failure, v.Alerts[0].Class)
	slower := others(3)
	*slower.Records[5].Measured.KVBytes++
	v, _, err = judge(slower)
	require.NoError(t, err)
	require.NotEmpty(t, v.Alerts)
	assert.Equal(t, 39, len(v.Diff.Cases))
}

// A case is not over its loss on a night that only could not tell.
func TestStillSlowIsNotRecovered(t *testing.T) {
	head := tonight(0, 0)
	key := head.Records[0].Key()
	for total, want := range map[float64]bool{-0.39: false, -0.25: false, -0.1: true, 0.02: true} {
		d := diff.Diff{Cases: []diff.Case{{Key: key, Time: &diff.Timing{Total: &total}}}}
		a := alert.Alert{Class: alert.Timing, Key: key, Regression: true, ChangeCI: &results.Interval{Value: -0.4}}
		assert.Equal(t, want, judged(d, head)(a), "%v", total)
	}
}

// On an unfit machine bytes are judged, timings are not, and nothing recovers.
func TestUnfitNight(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	require.NoError(t, err)
	defer st.Close()
	judge := func(run results.Run, day int) Verdict {
		_, err := st.Import(ctx, run)
		require.NoError(t, err)
		v, err := Judge(ctx, st, run, Options{Now: start.AddDate(0, 0, day)})
		if day > 0 {
			require.NoError(t, err)
		}
		return v
	}
	for day := range 12 {
		judge(tonight(day, 0), day)
	}
	require.Len(t, judge(tonight(12, 0.10), 12).Alerts, 1)
	bad := tonight(13, 0)
	for i := range bad.Records {
		bad.Records[i].Host.Unfit = []string{"Spotlight is at work"}
		for s := range bad.Records[i].Measured.SamplesNS {
			bad.Records[i].Measured.SamplesNS[s] *= 2
		}
	}
	*bad.Records[5].Measured.KVBytes++
	v := judge(bad, 13)
	require.Len(t, v.Alerts, 1, "neither twice the time nor a recovery")
	assert.Equal(t, alert.Exact, v.Alerts[0].Class)
	assert.Contains(t, v.Diff.Cases[0].Notes, "not judged for speed: the machine was not fit: Spotlight is at work")
	v = judge(tonight(14, 0), 14)
	require.Len(t, v.Alerts, 2)
	assert.Equal(t, []alert.State{alert.Recovered, alert.Recovered}, []alert.State{v.Alerts[0].State, v.Alerts[1].State})
}
