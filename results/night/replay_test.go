package night

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
)

// session makes a run of 36 cases of one process: six models, three prompts, prefill
// and decode. The session moves each kind by up to 4 %, one case in ten is restless,
// the first sample of some is cold. factor is by how much a case takes longer.
func session(n int, mlx string, factor func(results.Case) float64) results.Run {
	rng := rand.New(rand.NewPCG(uint64(n), 9))
	shift := map[results.Kind]float64{results.KindPrefill: 0.04 * rng.NormFloat64(), results.KindDecode: 0.03 * rng.NormFloat64()}
	r := results.Run{ID: fmt.Sprintf("session%02d", n)}
	for i := range 36 {
		c := results.Case{Kind: results.KindPrefill, NPrompt: 128 << (2 * (i / 2 % 3))}
		if i%2 == 1 {
			c = results.Case{Kind: results.KindDecode, NGen: 128, NDepth: c.NPrompt}
		}
		spread := 0.006
		if rng.Float64() < 0.1 {
			spread = 0.06
		}
		level := shift[c.Kind] + spread*1.5*rng.NormFloat64()
		rec := results.Record{
			Schema: results.Schema, RunID: r.ID, Time: start.AddDate(0, 0, n), Status: results.StatusOK,
			Host:    results.Host{Name: "studio", OS: "darwin", Chip: "Apple M5 Max"},
			Runtime: results.Runtime{Name: "mlx", With: map[string]string{"mlx": mlx}},
			Model:   results.Model{Ref: "m", Name: fmt.Sprint("model", i/6)}, Case: c, Measured: &results.Measured{},
		}
		for s := range 5 {
			x := level + spread*rng.NormFloat64()
			if s == 0 && rng.Float64() < 0.2 {
				x += 0.05
			}
			rec.Measured.SamplesNS = append(rec.Measured.SamplesNS, int64(1e9*math.Exp(x)*factor(c)))
			rec.Measured.Rounds = append(rec.Measured.Rounds, 0)
		}
		r.Records = append(r.Records, rec)
	}
	return r
}

// A library without its kernels takes two thirds of prefill's speed for two sessions.
// That, and that it is over, is said in the first session of each, of what kind it is
// and what changed with it; nothing else is said.
func TestReplay(t *testing.T) {
	for before := range 12 {
		var runs []results.Run
		for n := range before + 5 {
			mlx, slow := "0.31.2", 1.0
			if n > before && n < before+3 {
				mlx, slow = "0.32.0", 3
			}
			runs = append(runs, session(n, mlx, func(c results.Case) float64 {
				if c.Kind == results.KindPrefill {
					return slow
				}
				return 1
			}))
			if before > 1 { // another build each night, which explains nothing
				for i := range runs[n].Records {
					runs[n].Records[i].Runtime.Version = fmt.Sprint("build", n)
				}
			}
		}
		nights, err := Replay(context.Background(), runs, diff.Options{})
		require.NoError(t, err)
		require.Len(t, nights, before+5)
		assert.True(t, nights[0].First)
		for n, night := range nights {
			states := map[alert.State]int{}
			for _, a := range alert.Loud(night.Alerts) {
				if a.Class == alert.Timing {
					states[a.State]++
					assert.Contains(t, a.Key, "prefill")
				}
			}
			switch n {
			case before + 1:
				assert.GreaterOrEqual(t, states[alert.New], 17, "of 18, after %d sessions", before+1)
				first := night.Alerts[0]
				assert.Equal(t, alert.Group, first.Class)
				assert.Equal(t, "mlx prefill", first.Name)
				require.NotNil(t, first.LikelyCause)
				assert.Equal(t, diff.Difference{What: "mlx version", Base: "0.31.2", Head: "0.32.0", Cases: 36, Runtime: "mlx", Cause: true},
					*first.LikelyCause)
			case before + 3:
				assert.GreaterOrEqual(t, states[alert.Recovered]+states[alert.PartlyRecovered], 17, "after %d sessions", before+1)
			default:
				assert.Empty(t, states, "session %d of %d", n, before+5)
			}
		}
	}
}

// Replaying reads what it is given; cases that are new have nothing to be judged against.
func TestReplayOfOthers(t *testing.T) {
	other := session(1, "", func(results.Case) float64 { return 1 })
	for i := range other.Records {
		other.Records[i].Runtime.Name = "llama.cpp"
	}
	nights, err := Replay(context.Background(), []results.Run{other, {ID: "empty"}, session(0, "", func(results.Case) float64 { return 1 })},
		diff.Options{})
	require.NoError(t, err)
	require.Len(t, nights, 2)
	assert.Equal(t, "session00", nights[0].Run, "in their order in time")
	assert.True(t, nights[1].First)
	assert.Empty(t, nights[1].Alerts)
}
