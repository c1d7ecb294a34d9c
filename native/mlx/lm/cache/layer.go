package cache

import "assay/native/mlx"

// Layer is what one layer's cache takes.
type Layer struct {
	// Layer is its number.
	Layer int
	Kind  Kind
	// Slots is the room for tokens that is allocated, Window what a rotating
	// cache is bounded to (0: it is not).
	Slots, Window int
	// KeyBytes and ValueBytes are the sums over the arrays.
	KeyBytes, ValueBytes int64
}

// Look returns what a cache takes now; it computes nothing.
func Look(s *mlx.Scope, c Cache) Layer {
	keys, values := c.Arrays()
	layer := Layer{Kind: c.kind(), Slots: c.slots(), KeyBytes: bytes(s, keys), ValueBytes: bytes(s, values)}
	switch ring := c.(type) {
	case *rotatingCache:
		layer.Window = ring.window
	case *batchRotating:
		layer.Window = ring.window
	}
	return layer
}

func bytes(s *mlx.Scope, arrays []*mlx.Array) (sum int64) {
	for _, array := range arrays {
		sum += s.Bytes(*array)
	}
	return sum
}
