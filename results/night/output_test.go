package night

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/logit"
)

// withOutput gives the first case of a session an output whose one logit is off.
func withOutput(run results.Run, off float32, nan int64) results.Run {
	r := &run.Records[0]
	r.Predicted = &results.Predicted{OutputNoise: &logit.Noise{Distance: 0.01}}
	r.Measured.Output = &logit.Output{
		Sequence: "random", NaN: nan,
		Positions: []logit.Position{{Spread: 1, Tokens: []int32{0, 1}, Logits: []float32{0, 1 + off}}},
	}
	if nan > 0 {
		r.Status, r.Error = results.StatusFailed, "what came out is not a number"
	}
	return run
}

// A move that rounding explains is no news; one that it does not, and what is not a
// number, are an alert of their own in the night in which they come.
func TestReplayOfWhatComesOut(t *testing.T) {
	for name, tt := range map[string]struct {
		off   float32
		nan   int64
		title string
	}{
		"rounding":         {off: 0.01},
		"another thing":    {off: 0.3, title: "what comes out moved further than rounding explains"},
		"is not a number":  {nan: 64, title: "what comes out is not a number"},
		"nothing whatever": {},
	} {
		var runs []results.Run
		for n := range 6 {
			run := session(n, "0.31.2", func(results.Case) float64 { return 1 })
			if n == 5 {
				run = withOutput(run, tt.off, tt.nan)
			} else {
				run = withOutput(run, 0, 0)
			}
			runs = append(runs, run)
		}
		nights, err := Replay(context.Background(), runs, diff.Options{})
		require.NoError(t, err)
		var said []string
		for n, night := range nights {
			for _, a := range alert.Loud(night.Alerts) {
				if a.Class == alert.Output {
					assert.Equal(t, 5, n, name)
					assert.True(t, a.Regression, name)
					said = append(said, a.Title)
				}
			}
		}
		if tt.title == "" {
			assert.Empty(t, said, name)
			continue
		}
		assert.Equal(t, []string{tt.title}, said, name)
	}
}
