package mlx

import (
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/runtime"
	"assay/native/mlx"
)

// TestTrials makes every experiment with the real library, where all must hold: on a
// CPU each as far as it goes.
func TestTrials(t *testing.T) {
	e := openHere(t)
	seen := map[string]bool{}
	for _, trial := range (Runtime{}).Trials() {
		assert.False(t, seen[trial.Name], trial.Name)
		seen[trial.Name] = true
		t.Run(trial.Name, func(t *testing.T) {
			readings, err := trial.Look(t.Context(), e, "")
			if why, none := runtime.WhyNotHere(err); none {
				t.Skip(why)
			}
			require.NoError(t, err)
			require.NotEmpty(t, readings)
			for _, r := range readings {
				assert.True(t, r.Held, "%s: expected %s, seen %s", r.What, r.Expected, r.Seen)
				t.Logf("%s: expected %s, seen %s", r.What, r.Expected, r.Seen)
			}
		})
	}
}

// openHere opens the real library, or skips where it need not be.
func openHere(t *testing.T) *engine {
	t.Helper()
	e, err := Runtime{}.Open()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("MLX is needed: %v", err)
		}
		t.Skipf("needs MLX: %v", err)
	}
	return e.(*engine)
}

// Each experiment sees a wrong answer: what was computed of something else than what it
// is held against.
func TestTrialsSeePlantedFaults(t *testing.T) {
	e := openHere(t)
	require.NoError(t, e.lib.Do(func(s *mlx.Scope) error {
		shape := newAttention(64, 9, "none")
		shape.q = drawn(1, triedHeads*9, 64)
		masked := shape
		masked.mask = "causal"
		assert.Less(t, shape.want().apart(s.Floats(shape.run(s))), float32Bound)
		assert.Greater(t, masked.want().apart(s.Floats(shape.run(s))), float32Bound, "a mask that is lost")
		sum := attentionSum{}
		require.NoError(t, sum.add(s, shape, true))
		held := 0
		for _, r := range sum.readings("none", e.lib) {
			if r.Held {
				held++
			}
		}
		assert.Equal(t, 2, held, "foretold as fused, and is not")

		p := packedCells(s, mlx.Quantisation{Bits: 8, GroupSize: 32}, 1024, 64)
		assert.Less(t, p.values(s, 2), float32Bound)
		assert.Less(t, p.steps(), packedSteps)
		p.unpacked.data[64*512] += 0.25
		assert.Greater(t, p.values(s, 2), float32Bound, "one cell of 1024 is another")
		next := packedCells(s, p.q, 1024, 64)
		next.unpacked.data[5] += next.scales[0]
		assert.Greater(t, next.steps(), packedSteps, "one number is the next one")
		p.scales[0] /= 4
		assert.Greater(t, p.steps(), packedSteps)

		rounded := drawn(1, 512, 512)
		for i, v := range rounded.data { // as TF32 rounds: 10 bits of mantissa
			rounded.data[i] = math.Float32frombits(math.Float32bits(v) &^ 0x1fff)
		}
		got := s.Floats(s.Matmul(rounded.in(s), s.SwapAxes(drawn(2, 512, 512).in(s), 0, 1)))
		assert.Greater(t, drawn(1, 512, 512).times(drawn(2, 512, 512)).apart(got), float32Bound, "float32 of an M5")
		assert.False(t, refused(s, "one and one", func(s *mlx.Scope) { s.Add(s.Scalar(1, mlx.Float32), s.Scalar(1, mlx.Float32)) })[0].Held)
		return nil
	}))
	require.NoError(t, e.lib.Do(func(s *mlx.Scope) error {
		copied, err := peakOfCaches(s, placing{wait: true, held: true})
		require.NoError(t, err)
		assert.Greater(t, copied, mostInPlace, "caches that are held on to are copied")
		return nil
	}))
	t.Setenv("MLX_MAX_OPS_PER_BUFFER", "2000")
	readings, err := trySurroundings(t.Context(), e, "")
	require.NoError(t, err)
	assert.False(t, readings[0].Held)
	assert.Contains(t, readings[0].Seen, "MLX_MAX_OPS_PER_BUFFER=2000")
}

// Which attention is one kernel is settled by release, width and queries.
func TestFusedByRelease(t *testing.T) {
	for _, tt := range []struct {
		version        string
		width, queries int
		fused          bool
	}{
		{"0.31.2", 64, 1, true}, {"0.31.2", 96, 64, false}, {"0.32.1", 96, 64, true}, {"0.32.2", 72, 9, true},
		{"0.32.2", 80, 1, false}, {"0.32.2", 80, 9, true}, {"0.32.2", 256, 8, true}, {"0.32.2", 256, 9, false}, {"0.32.2", 32, 1, false},
	} {
		lib := &mlx.Library{Version: tt.version, Device: "gpu"}
		assert.Equal(t, tt.fused, fusedOnMetal(lib, attention{width: tt.width, queries: tt.queries}), "%+v", tt)
		lib.Device = "cpu"
		assert.False(t, fusedOnMetal(lib, attention{width: tt.width, queries: tt.queries}))
	}
}
