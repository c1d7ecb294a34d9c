package llamacpp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A clock that stopped before the device is seen, the wake-up of a thread is not
// taken for it.
func TestFinished(t *testing.T) {
	assert.NoError(t, finished(time.Second, 2*time.Millisecond))
	assert.NoError(t, finished(2*time.Millisecond, 5*time.Millisecond), "another process had the core")
	assert.ErrorContains(t, finished(20*time.Millisecond, 900*time.Millisecond),
		"the device worked on for 900ms after a sample of 20ms had ended")
}
