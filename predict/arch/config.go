package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// parseConfig reads a Hugging Face config.json. file names it in errors and
// provenance. A model type that is not known is read as far as its keys go.
func parseConfig(file string, raw []byte) (Facts, error) {
	config, err := decodeObject(raw)
	if err != nil {
		return Facts{}, fmt.Errorf("%s: is not a JSON object: %w; give a model's config.json", file, err)
	}
	return fromConfig(file, config)
}

// decodeObject keeps numbers as they are written.
func decodeObject(raw []byte) (map[string]any, error) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	return object, nil
}

func fromConfig(file string, config map[string]any) (Facts, error) {
	r := newReader(file, config)
	f := Facts{ModelType: r.modelType(), Wrapper: r.wrapper}
	f.Hidden = r.integer("hidden")
	f.Vocab = r.integer("vocab")
	f.ContextLength = r.optionalOr("context_length", 0)
	f.NormEpsilon = r.number("norm_epsilon")
	f.RopeBase = r.ropeBase()
	f.TiedEmbeddings = r.tied()
	f.Layers = r.layers(f.Hidden)
	f.DraftLayers = r.optionalOr("draft_layers", 0)
	f.Scales, f.Unrotated = r.scales(), r.unrotated(&f)
	f.Family = r.family(&f)
	f.Provenance = r.prov
	f.Unknown = r.unknown()
	if err := r.err(); err != nil {
		return Facts{}, err
	}
	if err := f.Validate(); err != nil {
		return Facts{}, fmt.Errorf("%s: %w", file, err)
	}
	return f, nil
}

// modelType settles what the config calls itself; the inner language model's
// own name wins when it is known.
func (r *reader) modelType() string {
	name := r.text("model_type")
	r.kind = modelTypes[name]
	if name != "" {
		r.note("model_type", FromFile, "%s of %s", r.keys["model_type"].path, r.file)
	}
	return name
}

// unreadKeys are how configs spell what only a known model type's rule reads.
var unreadKeys = regexp.MustCompile(`^(mamba_|ssm_|linear_|conv_|lightning_|kda_|rwkv|hybrid_|layers_block_type|compress|indexer)`)

// unknown names what was assumed or left out of a model type that is not known.
func (r *reader) unknown() []string {
	const noLayout = "llama.cpp's name of the family: no GGUF layout can be given"
	switch {
	case r.kind != nil && r.kind.family == "":
		return []string{noLayout}
	case r.kind != nil:
		return nil
	}
	out := []string{
		noLayout,
		"whether the feed-forward is gated: assumed so",
		"norms on queries and keys, and attention sinks: assumed absent",
	}
	for _, name := range slices.Sorted(maps.Keys(r.keys)) {
		if unreadKeys.MatchString(name) {
			out = append(out, r.keys[name].path+": no rule of this model type reads it, so recurrent or special layers may be missing")
		}
	}
	return out
}

// family is llama.cpp's name of the model, which for some hybrids depends on
// whether a layer is recurrent at all.
func (r *reader) family(f *Facts) string {
	if r.kind == nil || r.kind.family == "" {
		return ""
	}
	r.note("family", FromDefault, "llama.cpp's name of model type %s", r.kind.name)
	if r.kind.pureFamily != "" && f.recurrent() == nil {
		return r.kind.pureFamily
	}
	return r.kind.family
}

// tied: the types whose class ties by default say so in their defaults.
func (r *reader) tied() bool {
	tied, said := r.flag("tied_embeddings", "tie_word_embeddings")
	if !said {
		r.note("tied_embeddings", FromDefault, "not tied, as tie_word_embeddings is absent (%s)", defaultsSource)
	}
	return tied
}

func (r *reader) ropeBase() float64 {
	if base := r.number("rope_base"); base != 0 {
		return base
	}
	// transformers 5 writes rope_parameters instead of rope_theta.
	nested, _ := r.keys["rope_parameters"].data.(map[string]any)
	base, ok := asFloat(nested["rope_theta"])
	if !ok || base <= 0 {
		return 0
	}
	r.note("rope_base", FromFile, "rope_parameters.rope_theta of %s", r.file)
	return base
}

// layers builds every layer, or nil after noting why it could not.
func (r *reader) layers(hidden int64) []Layer {
	n := int(r.integer("layers"))
	if len(r.errs) > 0 {
		return nil
	}
	kinds := r.strings("layer_types", n)
	mixes := r.mixes(n, kinds)
	layers := make([]Layer, n)
	if some(mixes, func(m mix) bool { return m.attention }) {
		for i, a := range r.attentions(hidden, n, kinds) {
			layers[i].Attention = keep(mixes[i].attention, a)
		}
	}
	if some(mixes, func(m mix) bool { return m.recurrent }) {
		for i := range layers {
			layers[i].Recurrent = keep(mixes[i].recurrent, r.kind.recurrent(r, hidden))
		}
	}
	if some(mixes, func(m mix) bool { return m.feedForward }) {
		for i, ff := range r.feedForwards(n) {
			layers[i].FeedForward = keep(mixes[i].feedForward, ff)
		}
	}
	if len(r.errs) > 0 {
		return nil
	}
	shareCaches(layers, n-int(r.optionalOr("attention.shared", 0)))
	return layers
}

func (r *reader) mixes(n int, kinds []string) []mix {
	if r.kind == nil || r.kind.mix == nil {
		return attentionOnly(r, n, kinds)
	}
	return r.kind.mix(r, n, kinds)
}

func some[T any](list []T, is func(T) bool) bool { return slices.ContainsFunc(list, is) }

func keep[T any](there bool, part *T) *T {
	if there {
		return part
	}
	return nil
}

// shareCaches lets the layers from own on read the cache of the last layer
// before it that has the same kind of window.
func shareCaches(layers []Layer, own int) {
	from := map[bool]int{}
	for i := range layers {
		a := layers[i].Attention
		if a == nil {
			continue
		}
		windowed := a.Window > 0
		if i < own {
			from[windowed] = i
		} else if source, ok := from[windowed]; ok {
			a.SharedFrom = &source
		}
	}
}
