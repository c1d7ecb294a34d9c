package results_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// What was drawn within and between processes is told apart again.
func TestSpreadOf(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var ns []int64
	var rounds []int
	for round := range 400 {
		process := 0.05 * random.NormFloat64()
		for range 5 {
			ns = append(ns, int64(1e9*math.Exp(process+0.02*random.NormFloat64())))
			rounds = append(rounds, round)
		}
	}
	s := results.SpreadOf(ns, rounds)
	require.NotNil(t, s)
	assert.InEpsilon(t, 0.02, s.Within, 0.1)
	assert.InEpsilon(t, 0.05, s.Between, 0.1)

	assert.Nil(t, results.SpreadOf(ns[:5], rounds[:5]), "one process")
	assert.Nil(t, results.SpreadOf([]int64{1, 2}, []int{0, 1}), "a sample each")
	assert.Nil(t, results.SpreadOf([]int64{1, 2}, nil), "processes are not known")
	same := results.SpreadOf([]int64{7, 7, 7, 7}, []int{0, 0, 1, 1})
	assert.Zero(t, same.Within)
	assert.Zero(t, same.Between)
}
