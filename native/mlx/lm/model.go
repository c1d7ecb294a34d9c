package lm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay/native/mlx"
)

// Model is a loaded folder. Its methods may be called from any goroutine, one
// at a time.
type Model struct {
	// Folder is where it was loaded from, Type its model_type.
	Folder, Type string
	// WeightBytes are the bytes of the tensors that the network uses.
	WeightBytes int64
	// Layers is the number of layers, Vocab of the tokens.
	Layers, Vocab int

	lib     *mlx.Library
	network *network
	owned   []*mlx.Array
}

// UnsupportedError says that no family runs a model_type.
type UnsupportedError struct{ Path, Type string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: model_type %q is not supported (supported: %s)", e.Path, e.Type,
		strings.Join(slices.Sorted(maps.Keys(families)), ", "))
}

// Load reads a folder with config.json and model*.safetensors and computes
// every weight, as mlx_lm.load does. A folder that does not fit is refused with
// a list of all that is missing or wrong; nothing of it stays in memory.
func Load(lib *mlx.Library, folder string) (*Model, error) {
	c, err := readConfig(folder)
	if err != nil {
		return nil, err
	}
	kind := c.text("model_type")
	if err := c.err(); err != nil {
		return nil, err
	}
	build, ok := families[kind]
	if !ok {
		return nil, &UnsupportedError{Path: c.path, Type: kind}
	}
	tensors, shards, err := readTensors(folder)
	if err != nil {
		return nil, err
	}
	m := &Model{Folder: folder, Type: kind, lib: lib}
	err = lib.Do(func(s *mlx.Scope) error {
		b := &builder{config: c, s: s, tensors: tensors, shards: map[string]mlx.Tensors{}, taken: map[string]bool{}}
		b.quant = quantisationOf(c)
		return m.load(b, build, shards)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// load builds the network and reads its weights, or frees what it made.
func (m *Model) load(b *builder, build family, shards []string) (err error) {
	defer func() {
		for _, shard := range b.shards {
			shard.Close()
		}
		if err != nil {
			b.s.Free(b.owned...)
		}
	}()
	for _, shard := range shards {
		b.shards[shard] = b.s.LoadSafetensors(shard)
		if err := b.s.Err(); err != nil {
			return fmt.Errorf("opening %s: %w", shard, err)
		}
	}
	m.network = build(b)
	if err := b.refusal(m.Folder); err != nil {
		return err
	}
	if err := b.s.Err(); err != nil {
		return fmt.Errorf("building the %s of %s: %w", m.Type, m.Folder, err)
	}
	if err := m.read(b); err != nil {
		return fmt.Errorf("reading the weights of %s: %w", m.Folder, err)
	}
	m.owned, m.Layers, m.Vocab = b.owned, len(m.network.layers), m.network.vocab
	return nil
}

// read computes all that the model owns.
func (m *Model) read(b *builder) error {
	all := make([]mlx.Array, len(b.owned))
	for i, array := range b.owned {
		all[i] = *array
	}
	b.s.Eval(all...)
	m.WeightBytes = b.bytes
	return b.s.Err()
}

// Close frees the weights. Sessions of the model must be closed before.
func (m *Model) Close() error {
	return m.lib.Do(func(s *mlx.Scope) error {
		s.Free(m.owned...)
		m.owned = nil
		s.ClearCache()
		return s.Err()
	})
}

// CacheOptions choose the cache, as the options of mlx_lm.generate of the same
// names do. The zero value is mlx-lm's default.
type CacheOptions struct {
	// MaxKVSize bounds the cache to the first 4 and the last tokens (0: not),
	// on families that do not choose caches of their own.
	MaxKVSize int
	// KVBits and KVGroupSize pack the cache (0 bits: not; group size 64 when 0),
	// from QuantizedKVStart tokens on.
	KVBits, KVGroupSize, QuantizedKVStart int
}

// keepFirst is how many first tokens a bounded cache keeps (make_prompt_cache).
const keepFirst = 4

// ErrUnquantisable is what NewSession's error is when a cache cannot be packed.
var ErrUnquantisable = errors.New("this model's cache cannot be quantised")

// quantisation answers how the options pack a cache, and refuses what mlx-lm
// could not do either.
func (o CacheOptions) quantisation(n *network) (mlx.Quantisation, error) {
	if o.MaxKVSize != 0 && o.MaxKVSize <= keepFirst {
		return mlx.Quantisation{}, fmt.Errorf("max-kv-size %d has no room beside the first %d tokens, which are kept; give at least %d", o.MaxKVSize, keepFirst, keepFirst+1)
	}
	if o.KVBits == 0 {
		return mlx.Quantisation{}, nil
	}
	q := mlx.Quantisation{Bits: o.KVBits, GroupSize: o.KVGroupSize}
	if q.GroupSize == 0 {
		q.GroupSize = 64
	}
	if !knownScheme(q) {
		return q, fmt.Errorf("%w: kv-bits %d with kv-group-size %d (bits 2, 4 or 8, group size 32, 64 or 128)", ErrUnquantisable, q.Bits, q.GroupSize)
	}
	for i, rule := range n.caches {
		switch {
		case rule.window > 0 || o.MaxKVSize > 0 && !n.choosesCaches:
			return q, fmt.Errorf("%w: layer %d has a rotating cache", ErrUnquantisable, i)
		case rule.unquantisable != "":
			return q, fmt.Errorf("%w: %s", ErrUnquantisable, rule.unquantisable)
		case rule.keyDim%q.GroupSize != 0 || rule.valueDim%q.GroupSize != 0:
			return q, fmt.Errorf("%w: a head of %d is no multiple of kv-group-size %d", ErrUnquantisable, rule.keyDim, q.GroupSize)
		}
	}
	return q, nil
}

// newCaches is make_prompt_cache.
func (n *network) newCaches(o CacheOptions) []cache {
	caches := make([]cache, len(n.caches))
	for i, rule := range n.caches {
		switch {
		case rule.window > 0:
			caches[i] = &rotatingCache{shape: rule.shape, window: rule.window}
		case o.MaxKVSize > 0 && !n.choosesCaches:
			caches[i] = &rotatingCache{shape: rule.shape, window: o.MaxKVSize, keep: keepFirst}
		default:
			caches[i] = &plainCache{shape: rule.shape}
		}
	}
	return caches
}
