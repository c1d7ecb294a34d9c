package llamacpp

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/native/llama/printed"
)

// A log in which no cache is found, or another one, does not hold.
func TestLoggedCacheMustBeFound(t *testing.T) {
	held := func(caches ...printed.CacheReport) bool {
		for _, r := range loggedCache(printed.Report{Caches: caches}) {
			if !r.Held {
				return false
			}
		}
		return true
	}
	assert.True(t, held(printed.CacheReport{Cells: 512, Streams: 2}))
	assert.False(t, held())
	assert.False(t, held(printed.CacheReport{Cells: 1024, Streams: 2}))
	assert.False(t, held(printed.CacheReport{Cells: 512, Streams: 1}))
}
