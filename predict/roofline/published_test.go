package roofline

import (
	"testing"

	"assay/predict/machines"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublishedChipsAreKnown(t *testing.T) {
	known := map[string]bool{}
	for _, c := range machines.Chips() {
		known[c.ID()] = true
	}
	for _, p := range published() {
		assert.True(t, known[p.chip.ID()], "%s is published but not in the list of chips", p.chip.ID())
	}
	assert.Len(t, published(), 28)
}

// Two parameters a chip describe decode; constant efficiency does not.
func TestTwoParametersDescribeThePublishedDecode(t *testing.T) {
	fits, err := publishedFits()
	require.NoError(t, err)
	e := tableErrors()
	assert.Equal(t, 79, e.fitted.decode.N)
	assert.Less(t, e.fitted.decode.Max, 0.04)
	assert.Greater(t, errorsWith(fits, constantEfficiency(fits)).decode.Max, 0.5)
}

// constantEfficiency is the rule of thumb: the median share of the peak
// bandwidth that q8_0 reaches, for every chip and weight type, and no overhead.
func constantEfficiency(fits []chipFit) func(chipFit) chipFit {
	share := medianOf(fits, func(f chipFit) float64 {
		w := llamaDecode("q8_0")
		return w.bytes() / f.decodeSeconds(w) / f.chip.Bandwidth
	})
	return func(f chipFit) chipFit {
		return chipFit{chip: f.chip, bandwidth: share * f.chip.Bandwidth}
	}
}
