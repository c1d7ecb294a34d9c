package show

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSafe(t *testing.T) {
	assert.Equal(t, "qwen3 0.6b – 日本", Safe("qwen3 0.6b – 日本"))
	for _, bad := range []string{"\x1b[2J", "a\nb", "a\u202eb", "a\u200bb", "\u009b1m"} {
		assert.NotContains(t, Safe(bad), bad)
	}
}
