package llamacpp

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/native/llama"
)

// A log in which no cache is found, or another one, does not hold.
func TestLoggedCacheMustBeFound(t *testing.T) {
	held := func(caches ...llama.CacheReport) bool {
		for _, r := range loggedCache(llama.Report{Caches: caches}) {
			if !r.Held {
				return false
			}
		}
		return true
	}
	assert.True(t, held(llama.CacheReport{Cells: 512, Streams: 2}))
	assert.False(t, held())
	assert.False(t, held(llama.CacheReport{Cells: 1024, Streams: 2}))
	assert.False(t, held(llama.CacheReport{Cells: 512, Streams: 1}))
}
