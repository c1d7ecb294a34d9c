package output

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestExp: it is the library's, far below what a record's four bytes can show, and
// what it leaves out adds nothing to a sum of 262,144 terms.
func TestExp(t *testing.T) {
	worst := 0.0
	for x := 0.0; x >= lowest; x -= 0.00137 {
		worst = max(worst, math.Abs(exp(x)/math.Exp(x)-1))
	}
	assert.Less(t, worst, 1e-13)
	assert.Equal(t, 1.0, exp(0))
	assert.Zero(t, exp(math.Inf(-1)))
	assert.Less(t, 262144*math.Exp(lowest), 1e-16)
}

// TestInfiniteLogitsAreNoLikelihood: a record has no number that JSON cannot hold.
func TestInfiniteLogitsAreNoLikelihood(t *testing.T) {
	r := NewReader(NewRandom(8), 2)
	r.Row(0, []float32{1, 2, float32(math.Inf(1)), 4, 5, 6, 7, 8})
	r.Row(1, []float32{1, 2, 3, 4, 5, 6, 7, 8})
	out := r.Output()
	assert.Equal(t, []int{1}, out.Scored)
	assert.Equal(t, int64(1), out.Inf)
	_, err := json.Marshal(out)
	assert.NoError(t, err)
}
