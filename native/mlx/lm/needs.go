package lm

import (
	"encoding/json"
	"fmt"
)

// Weight is a tensor that a model of a configuration consists of.
type Weight struct {
	Name string
	// Shape is in the files' order: the last dimension is contiguous.
	Shape []int
	// Packed says that the elements are words of quantised weights (U32).
	Packed bool
	// Coded says that they are a byte each: scales of small floats (U8).
	Coded bool
}

// Weights lists what Load would look for with a config.json, in the order of
// the model, without a library or any weights. Where the configuration has a
// quantization, every matrix whose rows are whole groups is quantised.
func Weights(configJSON []byte) ([]Weight, error) {
	b, err := listing(configJSON, nil)
	if err != nil {
		return nil, err
	}
	return b.needed, b.err()
}

// Ignored answers which of the tensors in a folder with a config.json Load
// leaves out: those of parts that see, and a head of its own beside a tied one.
func Ignored(configJSON []byte, names []string) (map[string]bool, error) {
	stored := map[string]tensorInfo{}
	for _, name := range names {
		stored[name] = tensorInfo{}
	}
	b, err := listing(configJSON, stored)
	if err != nil {
		return nil, err
	}
	return b.taken, nil
}

// listing builds a network of which nothing is made.
func listing(configJSON []byte, stored map[string]tensorInfo) (*builder, error) {
	c := &config{path: "config.json"}
	if err := json.Unmarshal(configJSON, &c.fields); err != nil {
		return nil, fmt.Errorf("the configuration is not a JSON object: %w", err)
	}
	kind := c.text("model_type")
	if err := c.err(); err != nil {
		return nil, err
	}
	build, ok := families[kind]
	if !ok {
		return nil, &UnsupportedError{Path: c.path, Type: kind}
	}
	b := &builder{config: c, tensors: stored, taken: map[string]bool{}}
	b.quant = quantisationOf(c)
	build(b)
	return b, nil
}

// listing reports that the builder lists tensors and makes nothing.
func (b *builder) listing() bool { return b.s == nil }

// need lists a tensor.
func (b *builder) need(name string, types []string, shape []int) {
	b.needed = append(b.needed, Weight{Name: name, Shape: shape, Packed: types[0] == packed[0], Coded: types[0] == coded[0]})
}

// packable reports that the matrix at path is quantised when tensors are listed.
func (b *builder) packable(path string, shape []int) bool {
	if b.quant == nil {
		return false
	}
	named, ok := b.quant.layers[b.prefix+path]
	return shape[len(shape)-1]%b.quant.all.GroupSize == 0 && (!ok || named.quantised)
}
