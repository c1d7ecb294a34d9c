// Package mlx has what is known of each module of mlx-lm's models, in one file
// for each whose forward pass is known: the model types that it runs, how it
// caches, and what of it computes which tensors. It must not know what a cache
// takes or what an operation costs.
package mlx

import (
	"fmt"
	"maps"
	"slices"

	"assay/predict/arch"
)

// Release is the release of mlx-lm that the families were read from.
const Release = "0.32.2"

// Family is a module of mlx_lm/models.
type Family struct {
	// Module is its name, which is a model type too; Also are other model types
	// that it runs (MODEL_REMAPPING of mlx_lm/utils.py).
	Module string
	Also   []string
	Cache  Cache
	// Pass is nil where it is not known what is computed.
	Pass *Pass
	// Runs says how many of the layers are run and cached; nil: all.
	Runs func(f arch.Facts) int
}

// Layers is how many of a model's layers are run and cached.
func (f Family) Layers(facts arch.Facts) int {
	if f.Runs == nil {
		return len(facts.Layers)
	}
	return f.Runs(facts)
}

// Cache is what a model caches: the make_cache of its Model, and what its
// attention appends.
type Cache struct {
	// Chooses: it has a make_cache, which --max-kv-size does not reach.
	Chooses bool
	// Slides: layers with a window rotate over it. Others keep every token,
	// whatever window they have.
	Slides bool
	// SlidesBeside: as Slides, where some layer has no window. A window on all
	// of them is a sliding_window without layer_types, which is not looked at.
	SlidesBeside bool
	// ChunkPeriod: all but the last layer of each period attend in chunks.
	ChunkPeriod int
	// Latent: a layer with MLA caches the compressed row as keys, the rotated
	// part as values. Others cache what they expanded from it, per query head.
	Latent bool
	// Listed: a layer's caches stand in a list, which kv-bits does not reach.
	Listed bool
	// Unreadable says why attention fails on a quantised cache.
	Unreadable string
	// Batches: how several sequences at once are generated is known.
	Batches bool
	// Composes: attention is products with a softmax of its own between, as no
	// kernel has it.
	Composes bool
	// Lacks names what the architecture facts do not tell of it.
	Lacks string
}

// Pass is which tensors a model type's forward pass multiplies: those of its
// folder, each matrix once a token, but for what stands here.
type Pass struct {
	// OwnHead: the output layer is a tensor of its own, whatever
	// tie_word_embeddings says.
	OwnHead bool
	// Config: what the model consists of is known without a folder, and is what
	// llama.cpp's converter makes of it.
	Config bool
	// Tensors lists what it consists of, without a folder; nil where that is not
	// known, or Config.
	Tensors func(f arch.Facts, ownHead bool) []Tensor
}

var (
	families = map[string]Family{}
	types    = map[string]string{} // the module of each model type
)

func register(f Family) {
	families[f.Module] = f
	for _, name := range append(f.Also, f.Module) {
		types[name] = f.Module
	}
}

// Types are the model types that are known, those without a rule too.
func Types() []string { return slices.Sorted(maps.Keys(types)) }

// Of is the family that mlx-lm loads a model as: by the outer model type of a
// multimodal configuration.
func Of(f arch.Facts) (Family, error) {
	name := f.ModelType
	if f.Wrapper != "" {
		name = f.Wrapper
	}
	family, ok := families[types[name]]
	switch {
	case name == "":
		return family, fmt.Errorf("no model_type is known, by which mlx-lm chooses its caches; add one (llama, if it has Llama's layers)")
	case !ok:
		return family, fmt.Errorf("mlx-lm %s has no model type %s, so it cannot run the model", Release, name)
	case family.Cache.Lacks != "":
		return family, fmt.Errorf("of model type %s the facts do not tell %s", name, family.Cache.Lacks)
	}
	return family, nil
}
