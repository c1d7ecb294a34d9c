package cache

import (
	"errors"
	"fmt"

	"assay/native/mlx"
	"assay/native/mlx/lm/folder"
)

// Options choose the cache, as the options of mlx_lm.generate of the same
// names do. The zero value is mlx-lm's default.
type Options struct {
	// MaxKVSize bounds the cache to the first 4 and the last tokens (0: not),
	// on families that do not choose caches of their own.
	MaxKVSize int
	// KVBits and KVGroupSize pack the cache (0 bits: not; group size 64 when 0),
	// from QuantizedKVStart tokens on.
	KVBits, KVGroupSize, QuantizedKVStart int
	// Rows are the sequences that are held at once (0: one).
	Rows int
	// Chosen says that the family chooses its caches, whatever MaxKVSize is.
	Chosen bool
}

// keepFirst is how many first tokens a bounded cache keeps (make_prompt_cache).
const keepFirst = 4

// ErrUnquantisable is what NewSession's error is when a cache cannot be packed.
var ErrUnquantisable = errors.New("this model's cache cannot be quantised")

// newCaches makes an empty cache for each layer (make_prompt_cache of
// mlx_lm/models/cache.py), and returns how they are packed later on. What mlx-lm
// could not do either is refused.
func New(rules []Rule, o Options) ([]Cache, mlx.Quantisation, error) {
	if err := o.check(); err != nil {
		return nil, mlx.Quantisation{}, err
	}
	caches := make([]Cache, len(rules))
	for i, rule := range rules {
		if o.Rows > 1 {
			caches[i] = o.inBatch(rule)
			continue
		}
		switch {
		case rule.State:
			caches[i] = &State{}
		case rule.Chunk > 0:
			caches[i] = &chunkedCache{plainCache: plainCache{Shape: rule.Shape}, chunk: rule.Chunk}
		case rule.Window > 0:
			caches[i] = &rotatingCache{Shape: rule.Shape, window: rule.Window}
		case o.MaxKVSize > 0 && !o.Chosen:
			caches[i] = &rotatingCache{Shape: rule.Shape, window: o.MaxKVSize, keep: keepFirst}
		default:
			caches[i] = &plainCache{Shape: rule.Shape}
		}
	}
	quant, err := o.quantisation(rules, caches)
	return caches, quant, err
}

// inBatch is a cache of several sequences (merge of the caches of mlx_lm/models/cache.py).
func (o Options) inBatch(rule Rule) Cache {
	shape := rule.Shape
	shape.Rows = o.Rows
	switch {
	case rule.State:
		return &State{}
	case rule.Window > 0:
		return &batchRotating{rotatingCache: rotatingCache{Shape: shape, window: rule.Window}, margins: newMargins(o.Rows)}
	}
	return &batchPlain{plainCache: plainCache{Shape: shape}, margins: newMargins(o.Rows)}
}

func (o Options) check() error {
	if o.Rows > 1 && o.KVBits != 0 {
		return fmt.Errorf("%w: mlx-lm generates several sequences at once without kv-bits", ErrUnquantisable)
	}
	if o.Rows > 1 && o.MaxKVSize != 0 && !o.Chosen {
		return errors.New("max-kv-size of several sequences at once is not supported")
	}
	if o.MaxKVSize != 0 && o.MaxKVSize <= keepFirst {
		return fmt.Errorf("max-kv-size %d has no room beside the first %d tokens, which are kept; give at least %d", o.MaxKVSize,
			keepFirst, keepFirst+1)
	}
	return nil
}

// quantisation is how the options pack caches.
func (o Options) quantisation(rules []Rule, caches []Cache) (mlx.Quantisation, error) {
	if o.KVBits == 0 {
		return mlx.Quantisation{}, nil
	}
	q := mlx.Quantisation{Bits: o.KVBits, GroupSize: o.KVGroupSize}
	if q.GroupSize == 0 {
		q.GroupSize = 64
	}
	if !folder.KnownScheme(q) {
		return q, fmt.Errorf("%w: kv-bits %d with kv-group-size %d (bits 2, 3, 4, 5, 6 or 8, group size 32, 64 or 128)", ErrUnquantisable,
			q.Bits, q.GroupSize)
	}
	for i, rule := range rules {
		switch {
		case caches[i].kind() == Recurrent, caches[i].kind() == Chunked: // stays as it is
		case caches[i].kind() == Rotating:
			return q, fmt.Errorf("%w: layer %d has a rotating cache", ErrUnquantisable, i)
		case rule.Unquantisable != "":
			return q, fmt.Errorf("%w: %s", ErrUnquantisable, rule.Unquantisable)
		case rule.KeyDim%q.GroupSize != 0 || rule.ValueDim%q.GroupSize != 0:
			return q, fmt.Errorf("%w: a head of %d is no multiple of kv-group-size %d", ErrUnquantisable, rule.KeyDim, q.GroupSize)
		}
	}
	return q, nil
}

// Quantise packs the caches that have seen enough tokens
// (maybe_quantize_kv_cache of mlx_lm/generate.py).
func Quantise(st *Step, caches []Cache, q mlx.Quantisation, from int) {
	if q.Bits == 0 {
		return
	}
	for i, c := range caches {
		if plain, ok := c.(*plainCache); ok && plain.offset >= from {
			caches[i] = plain.quantised(st, q)
		}
	}
}

// MaskRule makes one mask a step from one cache.
type MaskRule struct {
	From    int // its index
	Window  int // 0: none
	AsArray bool
}

// Rule is a cache that a model has.
type Rule struct {
	// Layer is whose cache it is.
	Layer int
	Shape
	Window int // of a rotating cache; 0: every token is kept
	Chunk  int // of a chunked cache; 0: it is none
	State  bool
	// Unquantisable says why the layer cannot read a quantised cache, or "".
	Unquantisable string
}
