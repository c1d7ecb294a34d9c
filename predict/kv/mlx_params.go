package kv

import "strconv"

// MLXParams are the settings that mlx-lm's caches depend on, as the options of
// mlx_lm.generate of the same names.
type MLXParams struct {
	// Type is the type that keys and values are computed in: that of the
	// weights, or of their scales where they are quantised (f32, f16, bf16).
	// Empty is bf16, which most checkpoints are in.
	Type string
	// MaxKVSize bounds the cache to the first 4 and the last tokens (0: not),
	// on models that choose no caches of their own.
	MaxKVSize int
	// KVBits and KVGroupSize quantise the cache (0 bits: not; group size 64
	// when 0) from QuantizedKVStart tokens on.
	KVBits, KVGroupSize, QuantizedKVStart int
	// NSeq is the batch size (1 when 0).
	NSeq int
}

// MLXGroupSize is the default of --kv-group-size (mlx_lm/generate.py).
const MLXGroupSize = 64

// MLXTypeName is how mlx-community names packed weights and caches: 4bit, with
// the group size where it is not 64.
func MLXTypeName(bits, group int) string {
	name := strconv.Itoa(bits) + "bit"
	if group != MLXGroupSize {
		name += "-g" + strconv.Itoa(group)
	}
	return name
}
