package runtime

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A reading holds inside of what was expected and nowhere else.
func TestReadingsCanBeWrong(t *testing.T) {
	for _, tt := range []struct {
		reading Reading
		held    bool
	}{
		{Equals("n", 1, 1), true}, {Equals("n", 1, 2), false}, {Equals("w", "none", "a=b"), false},
		{AtMost("x", 1, 1), true}, {AtMost("x", 1.01, 1), false}, {AtMost("x", math.NaN(), 1), false}, {AtMost("x", math.Inf(1), 1), false},
		{AtLeast("x", 1, 1), true}, {AtLeast("x", 0.99, 1), false}, {AtLeast("x", math.NaN(), 1), false},
		{Between("x", 1, 1, 2), true}, {Between("x", 2.1, 1, 2), false}, {Between("x", 0.9, 1, 2), false},
	} {
		assert.Equal(t, tt.held, tt.reading.Held, "%+v", tt.reading)
	}
	assert.Equal(t, "at most 1", AtMost("x", 2, 1).Expected)
	assert.Equal(t, "1 to 2", Between("x", 2, 1, 2).Expected)

	why, none := WhyNotHere(fmt.Errorf("wrapped: %w", NotHere("no %s", "device")))
	assert.True(t, none)
	assert.Equal(t, "no device", why)
	_, none = WhyNotHere(nil)
	assert.False(t, none)
}
