package roofline

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The proportions by which a calibration is designed are those of measured
// machines, within the factor of 2 that they differ among themselves. What a
// step costs cannot be told from reading (Confounded), so it is not held to one.
func TestNominalProportionsAreMeasured(t *testing.T) {
	form := Form{Sum, Attention{Live: true, Memory: CacheStrides}, PerProduct}
	for _, name := range []string{"xeon-1-thread", "xeon-2-threads"} {
		text, err := os.ReadFile("testdata/" + name + ".json")
		require.NoError(t, err)
		var obs []Observation
		require.NoError(t, json.Unmarshal(text, &obs))
		p := newProblem(form, obs)
		x, err := p.solve(each(len(obs)), nil)
		require.NoError(t, err)
		c := p.costs(x, p.covered(each(len(obs))))
		multiply := (c["multiply f16"] + c["multiply q8_0"] + c["multiply q4_0"]) / 3
		for what, pair := range map[string][2]float64{
			"one query":    {oneQuerySlower, c["attend, one query"] / multiply},
			"many queries": {manyQueriesSlower, c["attend, many queries"] / multiply},
			"strides":      {strideBytes, c["attend, one query"] / c["stride over cache f16"]},
		} {
			assert.Less(t, math.Abs(math.Log2(pair[1]/pair[0])), 1.0, "%s, %s: %.3g, measured %.3g", name, what, pair[0], pair[1])
		}
	}
}
