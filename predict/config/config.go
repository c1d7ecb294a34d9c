// Package config reads the keys of a config.json, and of a GGUF's metadata, by
// dialects and the data of each model type. It must not know files, tensors or
// what a runtime makes of the facts.
package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"assay/predict/arch"
)

// Parse reads a Hugging Face config.json. file names it in errors and
// provenance. A model type that is not known is read as far as its keys go.
func Parse(file string, raw []byte) (arch.Facts, error) {
	config, err := DecodeObject(raw)
	if err != nil {
		return arch.Facts{}, fmt.Errorf("%s: is not a JSON object: %w; give a model's config.json", file, err)
	}
	return FromObject(file, config)
}

// FromObject reads the keys of a config that was decoded before.
func FromObject(file string, config map[string]any) (arch.Facts, error) {
	r := newReader(file, config)
	f := arch.Facts{ModelType: r.modelType(), Wrapper: r.wrapper}
	f.Hidden = r.Integer("hidden")
	f.Vocab = r.Integer("vocab")
	f.ContextLength = r.OptionalOr("context_length", 0)
	f.NormEpsilon = r.Number("norm_epsilon")
	f.RopeBase = r.ropeBase()
	f.TiedEmbeddings = r.tied()
	f.Layers = r.layers(f.Hidden)
	f.DraftLayers = r.OptionalOr("draft_layers", 0)
	f.Scales, f.Unrotated = r.Scales(), r.unrotated(&f)
	f.PerLayer = r.PerLayerWidth()
	f.Family = r.family(&f)
	f.Provenance = r.Prov
	f.Unknown = append(r.unknown(), r.also...)
	if err := r.Err(); err != nil {
		return arch.Facts{}, err
	}
	if err := f.Validate(); err != nil {
		return arch.Facts{}, fmt.Errorf("%s: %w", file, err)
	}
	return f, nil
}

// modelType settles what the config calls itself; the inner language model's
// own name wins when it is known.
func (r *Reader) modelType() string {
	name := r.text("model_type")
	r.Kind = modelTypes[name]
	if name != "" {
		r.Note("model_type", arch.FromFile, "%s of %s", r.Keys["model_type"].Path, r.File)
	}
	return name
}

// unreadKeys are how configs spell what only a known model type's rule reads.
var unreadKeys = regexp.MustCompile(`^(mamba_|ssm_|linear_|conv_|lightning_|kda_|rwkv|hybrid_|layers_block_type|compress|indexer)`)

// unknown names what was assumed or left out of a model type that is not known.
func (r *Reader) unknown() []string {
	const noLayout = "llama.cpp's name of the family: no GGUF layout can be given"
	switch {
	case r.Kind != nil && r.Kind.Family == "":
		return []string{noLayout}
	case r.Kind != nil:
		return nil
	}
	out := []string{
		noLayout,
		"whether the feed-forward is gated: assumed so",
		"norms on queries and keys, and attention sinks: assumed absent",
	}
	for _, name := range slices.Sorted(maps.Keys(r.Keys)) {
		if unreadKeys.MatchString(name) {
			out = append(out, r.Keys[name].Path+": no rule of this model type reads it, so recurrent or special layers may be missing")
		}
	}
	return out
}

// family is llama.cpp's name of the model, which for some hybrids depends on
// whether a layer is recurrent at all, or has experts.
func (r *Reader) family(f *arch.Facts) string {
	if r.Kind == nil || r.Kind.Family == "" {
		return ""
	}
	r.Note("family", arch.FromDefault, "llama.cpp's name of model type %s", r.Kind.Name)
	switch {
	case r.Kind.pureFamily != "" && f.FirstRecurrent() == nil:
		return r.Kind.pureFamily
	case r.Kind.routedFamily != "" && f.FirstExperts() != nil:
		return r.Kind.routedFamily
	}
	return r.Kind.Family
}

// tied: the types whose class ties by default say so in their defaults.
func (r *Reader) tied() bool {
	tied, said := r.Flag("tied_embeddings", "tie_word_embeddings")
	if !said {
		r.Note("tied_embeddings", arch.FromDefault, "not tied, as tie_word_embeddings is absent (%s)", defaultsSource)
	}
	return tied
}

func (r *Reader) ropeBase() float64 {
	if base := r.Number("rope_base"); base != 0 {
		return base
	}
	// transformers 5 writes rope_parameters instead of rope_theta.
	nested, _ := r.Keys["rope_parameters"].Data.(map[string]any)
	base, ok := asFloat(nested["rope_theta"])
	if !ok || base <= 0 {
		return 0
	}
	r.Note("rope_base", arch.FromFile, "rope_parameters.rope_theta of %s", r.File)
	return base
}

// layerCount is num_hidden_layers, or the length of the list that transformers 5
// derives it from (nemotron_h's layers_block_type).
func (r *Reader) layerCount() int {
	if blocks, ok := r.Keys["layers_block_type"].Data.([]any); ok && len(blocks) > 0 {
		if _, stated := r.find("layers"); !stated {
			r.Note("layers", arch.FromComputed, "the length of layers_block_type of %s", r.File)
			return len(blocks)
		}
	}
	return int(r.Integer("layers"))
}

// layers builds every layer, or nil after noting why it could not.
func (r *Reader) layers(hidden int64) []arch.Layer {
	n := r.layerCount()
	if len(r.Errs) > 0 {
		return nil
	}
	if blocks := r.blocks(hidden, n); blocks != nil {
		return blocks
	}
	if len(r.Errs) > 0 {
		return nil
	}
	kinds := r.strings("layer_types", n)
	mixes := r.mixes(n, kinds)
	layers := make([]arch.Layer, n)
	if some(mixes, func(m mix) bool { return m.attention }) {
		for i, a := range r.attentions(hidden, n, kinds) {
			layers[i].Attention = keep(mixes[i].attention, a)
		}
	}
	if some(mixes, func(m mix) bool { return m.recurrent }) {
		for i := range layers {
			layers[i].Recurrent = keep(mixes[i].recurrent, r.Kind.recurrent(r, hidden))
		}
	}
	if some(mixes, func(m mix) bool { return m.feedForward }) {
		for i, ff := range r.feedForwards(n, func(i int) bool { return mixes[i].dense }) {
			layers[i].FeedForward = keep(mixes[i].feedForward, ff)
		}
	}
	if len(r.Errs) > 0 {
		return nil
	}
	arch.ShareCaches(layers, n-int(r.OptionalOr("attention.shared", 0)))
	return layers
}

func (r *Reader) mixes(n int, kinds []string) []mix {
	if r.Kind == nil || r.Kind.mix == nil {
		return attentionOnly(r, n, kinds)
	}
	return r.Kind.mix(r, n, kinds)
}

func some[T any](list []T, is func(T) bool) bool { return slices.ContainsFunc(list, is) }

func keep[T any](there bool, part *T) *T {
	if there {
		return part
	}
	return nil
}
