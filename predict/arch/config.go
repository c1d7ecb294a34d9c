package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
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
	f := Facts{ModelType: r.modelType()}
	f.Hidden = r.integer("hidden")
	f.Vocab = r.integer("vocab")
	f.ContextLength = r.optionalOr("context_length", 0)
	f.NormEpsilon = r.number("norm_epsilon")
	f.RopeBase = r.ropeBase()
	f.TiedEmbeddings, _ = r.flag("tied_embeddings", "tie_word_embeddings")
	f.Layers = r.layers(f.Hidden)
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
	return name
}

// unreadKeys are how configs spell what only a known model type's rule reads.
var unreadKeys = regexp.MustCompile(`^(mamba_|ssm_|linear_|conv_|lightning_|kda_|rwkv|hybrid_|layers_block_type|compress|indexer|num_nextn)`)

// unknown names what was assumed or left out of a model type that is not known.
func (r *reader) unknown() []string {
	if r.kind != nil {
		return nil
	}
	out := []string{
		"llama.cpp's name of the family: no GGUF layout can be given",
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
	switch {
	case r.kind == nil:
		return ""
	case r.kind.pureFamily != "" && f.recurrent() == nil:
		return r.kind.pureFamily
	}
	return r.kind.family
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

func (r *reader) attentions(hidden int64, n int, kinds []string) []*Attention {
	heads, ok := r.perLayer("attention.heads", n)
	if !ok {
		r.fail("num_attention_heads", "missing; add the key")
		return nil
	}
	kvHeads, ok := r.perLayer("attention.kv_heads", n)
	if !ok {
		kvHeads = heads
		r.note("attention.kv_heads", FromDefault, "the number of query heads, as num_key_value_heads is absent")
	}
	windows, chunked := r.windows(n, kinds)
	bias, qkNorm, sinks := r.attentionExtras()
	mla := r.mla()
	out := make([]*Attention, n)
	for i := range out {
		a := &Attention{Heads: heads[i], KVHeads: kvHeads[i], Window: windows[i], Chunked: chunked && windows[i] > 0,
			Bias: bias, QKNorm: qkNorm, Sinks: sinks, Gated: r.kind != nil && r.kind.gatedAttention}
		if mla != nil {
			own := *mla
			a.MLA, a.KeyDim, a.ValueDim = &own, mla.NopeDim+mla.RopeDim, mla.ValueDim
		} else {
			a.KeyDim = r.headDim(hidden, heads[i])
			a.ValueDim = a.KeyDim
		}
		out[i] = a
	}
	return out
}

// headDim prefers the explicit key, then the type's default, then the quotient.
func (r *reader) headDim(hidden, heads int64) int64 {
	if dim, ok := r.optional("attention.key_dim"); ok {
		return dim
	}
	if heads == 0 || hidden%heads != 0 {
		r.fail("head_dim", "missing, and %d hidden ÷ %d heads is no whole number; add the key", hidden, heads)
		return 1
	}
	r.note("attention.key_dim", FromComputed, "hidden ÷ heads = %d ÷ %d, as head_dim is absent", hidden, heads)
	return hidden / heads
}

func (r *reader) attentionExtras() (bias, qkNorm, sinks bool) {
	bias, _ = r.flag("attention.bias", "attention_bias")
	if r.kind == nil {
		return bias, false, false
	}
	return bias || r.kind.bias, r.kind.qkNorm, r.kind.sinks
}

func (r *reader) mla() *MLA {
	rank, ok := r.optional("mla.kv_lora_rank")
	if !ok {
		return nil
	}
	return &MLA{
		QLoraRank:  r.optionalOr("mla.q_lora_rank", 0),
		KVLoraRank: rank,
		RopeDim:    r.integer("mla.rope_dim"),
		NopeDim:    r.integer("mla.nope_dim"),
		ValueDim:   r.integer("mla.value_dim"),
	}
}

// windows gives each layer's window, 0 for global attention. Which layers have
// one is said, in this order, by use_sliding_window, layer_types, a period (the
// last layer of each is global) or a first windowed layer; else all have it.
func (r *reader) windows(n int, kinds []string) (sizes []int64, chunked bool) {
	sizes = make([]int64, n)
	size, ok := r.optional("attention.window")
	if use, said := r.flag("attention.window_used", "use_sliding_window"); !ok || size == 0 || said && !use {
		if ok && said && !use {
			r.note("attention.window", FromFile, "none: use_sliding_window is false, whatever sliding_window (%d) says", size)
		}
		return sizes, false
	}
	chunked = strings.Contains(r.prov["attention.window"].Detail, "attention_chunk_size")
	windowed := r.windowRule(kinds)
	for i := range sizes {
		if windowed(i) {
			sizes[i] = size
		}
	}
	return sizes, chunked
}

func (r *reader) windowRule(kinds []string) func(int) bool {
	if kinds != nil {
		r.note("attention.windowed_layers", FromFile, "layer_types of %s", r.file)
		return func(i int) bool { return kinds[i] == "sliding_attention" || kinds[i] == "chunked_attention" }
	}
	if period, ok := r.optional("attention.period"); ok {
		return func(i int) bool { return (int64(i)+1)%period != 0 }
	}
	if first, ok := r.optional("attention.window_from"); ok {
		return func(i int) bool { return int64(i) >= first }
	}
	r.note("attention.windowed_layers", FromComputed, "every layer: a window is given and no pattern")
	return func(int) bool { return true }
}

func (r *reader) feedForwards(n int) []*FeedForward {
	experts := r.experts()
	width, ok := r.widths(n, experts)
	if !ok && experts == nil {
		r.fail("intermediate_size", "missing; add the key")
		return nil
	}
	if !ok {
		width = make([]int64, n)
	}
	routed := r.routedLayers(n)
	gated := r.kind == nil || !r.kind.ungated
	out := make([]*FeedForward, n)
	for i := range out {
		if experts != nil && routed(i) {
			own := *experts
			out[i] = &FeedForward{Gated: gated, Experts: &own}
			continue
		}
		out[i] = &FeedForward{Intermediate: width[i], Gated: gated}
	}
	return out
}

// widths are the dense layers' feed-forward widths.
func (r *reader) widths(n int, experts *Experts) ([]int64, bool) {
	if r.kind != nil && r.kind.sharedIsDense && experts == nil {
		return r.perLayer("experts.shared_width", n)
	}
	width, ok := r.perLayer("feed_forward.intermediate", n)
	if ok && r.kind != nil && r.kind.adjustedWidth {
		r.adjust(width)
	}
	return width, ok
}

// adjust is LFM2's rule: two thirds, scaled, rounded up to a multiple
// (modeling_lfm2.py of transformers, Lfm2MLP).
func (r *reader) adjust(width []int64) {
	if on, said := r.flag("feed_forward.adjusted", "block_auto_adjust_ff_dim"); said && !on {
		return
	}
	scale, multiple := r.number("feed_forward.scale"), r.optionalOr("feed_forward.multiple", 1)
	for i, w := range width {
		scaled := int64(float64(2*w/3) * orDefault(scale, 1))
		width[i] = (scaled + multiple - 1) / multiple * multiple
	}
	r.note("feed_forward.intermediate", FromComputed, "block_ff_dim × 2/3 × multiplier, up to a multiple of %d", multiple)
}

// experts reads the mixture of experts, nil where there is none.
func (r *reader) experts() *Experts {
	count := r.optionalOr("experts.count", 0)
	if count == 0 {
		return nil
	}
	e := &Experts{Count: count, Used: r.integer("experts.used"), Intermediate: r.integer("experts.intermediate")}
	if e.Used > count {
		r.fail("num_experts_per_tok", "%d experts of %d cannot be used; correct one of them", e.Used, count)
	}
	if width, ok := r.optional("experts.shared_width"); ok {
		e.SharedIntermediate = width
	} else if shared, ok := r.optional("experts.shared_count"); ok {
		e.SharedIntermediate = shared * e.Intermediate
	}
	e.RouterBias = r.kind != nil && r.kind.routerBias
	e.SharedGate = e.SharedIntermediate > 0 && r.kind != nil && r.kind.sharedGate
	return e
}

// routedLayers says which layers have experts: those after the leading dense
// ones, every step-th, and not the ones named as dense.
func (r *reader) routedLayers(n int) func(int) bool {
	leading := r.optionalOr("experts.leading_dense", 0)
	step := r.optionalOr("experts.step", 1)
	dense := r.indexes("mlp_only_layers", n)
	listed := r.indexes("moe_layers", n)
	return func(i int) bool {
		if listed != nil {
			return slices.Contains(listed, i)
		}
		return int64(i) >= leading && (int64(i)+1)%step == 0 && !slices.Contains(dense, i)
	}
}

// indexes reads a list of layer numbers, nil when it is absent or empty.
func (r *reader) indexes(name string, n int) []int {
	v, ok := r.keys[name]
	if !ok {
		return nil
	}
	list, _ := v.data.([]any)
	var out []int
	for _, data := range list {
		i, ok := asInteger(data)
		if !ok || i < 0 || i >= int64(n) {
			r.fail(v.path, "%s is no layer of %d; correct the key", show(data), n)
			return nil
		}
		out = append(out, int(i))
	}
	return out
}
