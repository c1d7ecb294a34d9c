package config

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestDefaultsAreRead: a default whose key no attribute spells would be dead.
func TestDefaultsAreRead(t *testing.T) {
	spelled := map[string]bool{"tie_word_embeddings": true, "use_sliding_window": true}
	for _, a := range configKeys {
		for _, key := range a.keys {
			spelled[key] = true
		}
	}
	for _, kind := range modelTypes {
		own := maps.Clone(spelled)
		for _, keys := range kind.names {
			for _, key := range keys {
				own[key] = true
			}
		}
		for key := range kind.Defaults {
			assert.True(t, own[key], "%s: %s", kind.Name, key)
		}
	}
}
