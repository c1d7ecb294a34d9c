package lm

import (
	"fmt"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/family"
	_ "assay/native/mlx/lm/family/gemma" // which registers itself
	"assay/native/mlx/lm/folder"
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
	network *block.Network
	owned   []*mlx.Array
}

// UnsupportedError says that no family runs a model_type.
type UnsupportedError = family.UnsupportedError

// Types are the model types that can be run.
func Types() []string { return family.Types() }

// familyOf finds a config's model_type, and what builds its networks.
func familyOf(c *folder.Config) (kind string, build family.Family, err error) {
	kind = c.Text("model_type")
	if err := c.Err(); err != nil {
		return "", nil, err
	}
	build, err = family.Of(c.Path, kind)
	return kind, build, err
}

// Load reads a folder with config.json and model*.safetensors and computes
// every weight, as mlx_lm.load does. A folder that does not fit is refused with
// a list of all that is missing or wrong; nothing of it stays in memory.
func Load(lib *mlx.Library, dir string) (*Model, error) {
	c, err := folder.ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	kind, build, err := familyOf(c)
	if err != nil {
		return nil, err
	}
	tensors, shards, err := folder.ReadTensors(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{Folder: dir, Type: kind, lib: lib}
	err = lib.Do(func(s *mlx.Scope) error {
		return m.load(block.NewBuilder(c, s, tensors), build, shards)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// load builds the network and reads its weights, or frees what it made.
func (m *Model) load(b *block.Builder, build family.Family, shards []string) (err error) {
	defer func() { b.Close(err != nil) }()
	if err := b.Open(shards); err != nil {
		return err
	}
	m.network = build(b)
	if err := b.Refusal(m.Folder); err != nil {
		return err
	}
	if err := b.S.Err(); err != nil {
		return fmt.Errorf("building the %s of %s: %w", m.Type, m.Folder, err)
	}
	if m.owned, m.WeightBytes, err = b.Read(); err != nil {
		return fmt.Errorf("reading the weights of %s: %w", m.Folder, err)
	}
	m.Layers, m.Vocab = len(m.network.Layers), m.network.Vocab
	return nil
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
