package roofline_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/machines"
	"assay/predict/roofline"
)

func TestChipModels(t *testing.T) {
	decode := roofline.Work{Tokens: 1, Steps: 1, Terms: []roofline.Term{{Class: roofline.ClassWeights, Type: "q4_0", FLOPs: 1.3e10, Bytes: 3.7e9}}}
	tests := map[string]struct {
		chip         string
		extrapolated bool
		basis        string
		tokens       float64 // a second
	}{
		"in the table":               {"M1Max-32", false, "fitted to this chip's row", 61},
		"generation is in the table": {"M4-8", true, "from its M4 rows; leaving out one chip", 24},
		"generation is not":          {"M5-10", true, "from its M4 rows; leaving out one generation", 30},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := machines.FindChip(tt.chip, 0)
			require.NoError(t, err)
			m, err := roofline.EstimateChip(c)
			require.NoError(t, err)
			assert.Equal(t, tt.extrapolated, m.Extrapolated)
			assert.Contains(t, m.Basis, tt.basis)
			p, err := m.Predict(roofline.KindDecode, decode)
			require.NoError(t, err)
			assert.InEpsilon(t, tt.tokens, p.TokensPerSecond.Value, 0.1)
			assert.Less(t, p.TokensPerSecond.Lo, p.TokensPerSecond.Value)
			assert.Greater(t, p.TokensPerSecond.Hi, p.TokensPerSecond.Value)
			assert.Equal(t, roofline.BoundBandwidth, p.Bound)
		})
	}
}

func TestChipModelRefusesEmptyWork(t *testing.T) {
	c, err := machines.FindChip("M1-8", 0)
	require.NoError(t, err)
	m, err := roofline.EstimateChip(c)
	require.NoError(t, err)
	_, err = m.Predict(roofline.KindDecode, roofline.Work{})
	assert.ErrorContains(t, err, "has no speed")
}
