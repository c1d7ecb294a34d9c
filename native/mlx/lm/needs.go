package lm

import (
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/folder"
)

// Weight is a tensor that a model of a configuration consists of.
type Weight = block.Weight

// Weights lists what Load would look for with a config.json, in the order of
// the model, without a library or any weights. Where the configuration has a
// quantization, every matrix whose rows are whole groups is quantised.
func Weights(configJSON []byte) ([]Weight, error) {
	b, err := listing(configJSON, nil)
	if err != nil {
		return nil, err
	}
	return b.Needed, b.Err()
}

// Ignored returns which of the tensors in a folder with a config.json Load
// leaves out: those of parts that see, and a head of its own beside a tied one.
func Ignored(configJSON []byte, names []string) (map[string]bool, error) {
	stored := map[string]folder.Tensor{}
	for _, name := range names {
		stored[name] = folder.Tensor{}
	}
	b, err := listing(configJSON, stored)
	if err != nil {
		return nil, err
	}
	return b.Taken, nil
}

// Runs says why a folder's model type or configuration cannot be run, which Load would
// say too; nil where nothing but its weights can be wrong.
func Runs(dir string) error {
	c, err := folder.ReadConfig(dir)
	if err != nil {
		return err
	}
	_, build, err := familyOf(c)
	if err != nil {
		return err
	}
	tensors, _, err := folder.ReadTensors(dir)
	if err != nil {
		return err
	}
	b := block.NewBuilder(c, nil, tensors)
	build(b)
	return b.Err()
}

// listing builds a network of which nothing is made.
func listing(configJSON []byte, stored map[string]folder.Tensor) (*block.Builder, error) {
	c, err := folder.ParseConfig("config.json", configJSON)
	if err != nil {
		return nil, err
	}
	_, build, err := familyOf(c)
	if err != nil {
		return nil, err
	}
	b := block.NewBuilder(c, nil, stored)
	build(b)
	return b, nil
}
