package live

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/harness/run"
	"assay/results"
)

// A line of the progress names what tells its case from others of its model and test,
// and nothing in which other models' cases differ.
func TestProgressNamesWhatDiffers(t *testing.T) {
	small, large, other := item("toy", "", results.Case{NUbatch: 32}), item("toy", "", results.Case{NUbatch: 64}),
		item("big", "", results.Case{})
	other.Runtime = results.MLX
	var lines strings.Builder
	p := NewProgress(nil, &lines)
	p.Planned(planOf(small, large, other))
	for i, it := range planOf(small, large, other).Items {
		p.Step(run.Progress{Round: 1, Rounds: 2, Done: i + 1, Item: it, Ended: true})
	}
	p.Stop()
	for i, want := range []string{"toy tg8 ub=32, round 1 of 2: done", "toy tg8 ub=64, round 1 of 2: done", "big tg8, round 1 of 2: done"} {
		assert.Contains(t, strings.Split(lines.String(), "\n")[i], want)
	}
}
