package source

import (
	"cmp"
	"fmt"
	"maps"

	"assay/predict/arch"
	"assay/predict/tensor"
)

// checker holds facts against tensor shapes. A shape wins over a config, which
// only describes it.
type checker struct {
	facts  *arch.Facts
	source string
	before map[string]arch.Provenance
	global map[string]arch.Tensor
	layer  map[int]map[string]arch.Tensor
	seen   map[arch.Contradiction]bool
	agreed map[string]bool
}

// withTensors takes on a tensor table and reports where it and the facts part.
func withTensors(f arch.Facts, table []arch.Tensor, source string) (arch.Facts, error) {
	f.Tensors = table
	before := f.Provenance
	f.Provenance = maps.Clone(before)
	c := &checker{facts: &f, source: source, before: before, global: map[string]arch.Tensor{}, layer: map[int]map[string]arch.Tensor{},
		seen: map[arch.Contradiction]bool{}, agreed: map[string]bool{}}
	c.sort(table)
	c.checkGlobals()
	for i := range f.Layers {
		c.checkAttention(f.Layers[i].Attention, c.layer[i])
		c.checkFeedForward(f.Layers[i].FeedForward, c.layer[i])
	}
	c.countDrafts(table)
	c.noteAgreement()
	if err := f.Validate(); err != nil {
		return arch.Facts{}, fmt.Errorf("%s: after the tensor shapes were taken for true: %w", source, err)
	}
	return f, nil
}

func (c *checker) sort(table []arch.Tensor) {
	for _, t := range table {
		p := tensor.PlaceOf(t.Name)
		if p.Tower != "" || p.Draft || p.Suffix != tensor.Weight || len(t.Shape) == 0 {
			continue
		}
		into := c.global
		if p.Block >= 0 {
			if c.layer[p.Block] == nil {
				c.layer[p.Block] = map[string]arch.Tensor{}
			}
			into = c.layer[p.Block]
		}
		for _, kind := range p.Kinds() {
			into[kind] = t
		}
	}
}

// countDrafts takes the blocks that predict further tokens from the table: a
// copy of a model often comes without them, whatever its config says.
func (c *checker) countDrafts(table []arch.Tensor) {
	blocks := map[int]bool{}
	for _, t := range table {
		if i, ok := tensor.PlaceOf(t.Name).DraftBlock(len(c.facts.Layers)); ok {
			blocks[i] = true
		}
	}
	if found := int64(len(blocks)); found != c.facts.DraftLayers {
		c.set("draft_layers", arch.FromTensors, fmt.Sprintf("%d blocks behind layer %d of %s, where %s says %d",
			found, len(c.facts.Layers)-1, c.source, c.said("draft_layers"), c.facts.DraftLayers))
		c.facts.DraftLayers = found
	}
}

// rows is a matrix's number of outputs. A quantised matrix of MLX packs its
// inputs and keeps its rows.
func rows(t arch.Tensor) int64 { return t.Shape[len(t.Shape)-1] }

func (c *checker) checkGlobals() {
	if t, ok := c.global["token_embd"]; ok {
		c.number("vocab", &c.facts.Vocab, rows(t), t)
	}
	if t, ok := c.global["output_norm"]; ok {
		c.number("hidden", &c.facts.Hidden, rows(t), t)
	}
	if _, ok := c.global["token_embd"]; !ok {
		return
	}
	head, ok := c.global["output"]
	switch {
	case ok && c.facts.TiedEmbeddings:
		c.report(arch.Contradiction{Field: "tied_embeddings", Kept: "true", KeptBy: c.said("tied_embeddings"),
			Dropped: "false", DropBy: head.Name + " of " + c.source,
			Why: "a runtime ties the two whatever the file holds"})
	case !ok && !c.facts.TiedEmbeddings:
		c.facts.TiedEmbeddings = true
		c.report(arch.Contradiction{Field: "tied_embeddings", Kept: "true", KeptBy: "no output head in " + c.source,
			Dropped: "false", DropBy: c.said("tied_embeddings"),
			Why: "without a head of its own the model can only use the embedding"})
	default:
		c.agreed["tied_embeddings"] = true
	}
}

// checkAttention takes the head dimension from the norm of the queries where
// there is one, else from the query rows and the heads, and the KV heads from the key rows.
func (c *checker) checkAttention(a *arch.Attention, t map[string]arch.Tensor) {
	if norm, ok := t["attn_kv_a_norm"]; ok && a != nil && a.MLA != nil {
		c.number("mla.kv_lora_rank", &a.MLA.KVLoraRank, rows(norm), norm)
	}
	query, ok := t["attn_q"]
	if a == nil || a.MLA != nil || !ok {
		return
	}
	width := rows(query)
	if a.Gated {
		width /= 2
	}
	by, dim := query, int64(0)
	if norm, ok := t["attn_q_norm"]; ok && len(norm.Shape) == 1 && perHead(rows(norm), width) {
		by, dim = norm, rows(norm)
		c.number("attention.heads", &a.Heads, width/dim, query)
	} else if a.Heads > 0 && width%a.Heads == 0 {
		dim = width / a.Heads
	}
	if dim == 0 {
		return
	}
	same := a.KeyDim == a.ValueDim
	c.number("attention.key_dim", &a.KeyDim, dim, by)
	if same {
		a.ValueDim = a.KeyDim
	}
	if key, ok := t["attn_k"]; ok && rows(key)%dim == 0 {
		c.number("attention.kv_heads", &a.KVHeads, rows(key)/dim, key)
	}
	if _, ok := t["attn_q_norm"]; ok && c.facts.Family == "" {
		a.QKNorm = true
	}
}

// perHead: a norm this long covers one head of the width, not all at once.
func perHead(norm, width int64) bool { return norm > 0 && norm < width && width%norm == 0 }

func (c *checker) checkFeedForward(ff *arch.FeedForward, t map[string]arch.Tensor) {
	if ff == nil {
		return
	}
	if router, ok := t["ffn_gate_inp"]; ok && ff.Experts != nil {
		c.number("experts.count", &ff.Experts.Count, rows(router), router)
	}
	c.checkExperts(ff.Experts, t)
	up, ok := t["ffn_up"]
	if !ok || ff.Experts != nil {
		return
	}
	gate, gated := t["ffn_gate"]
	if c.facts.Family == "" {
		ff.Gated = gated
		c.set("feed_forward.gated", arch.FromTensors, cmp.Or(gate.Name, "no gate beside "+up.Name)+" of "+c.source)
	}
	if width := rows(up); width != 2*ff.Intermediate { // gate and up in one, as phi3 has it
		c.number("feed_forward.intermediate", &ff.Intermediate, width, up)
	}
}

// checkExperts takes widths from one expert's matrix, or from a stack of them.
func (c *checker) checkExperts(e *arch.Experts, t map[string]arch.Tensor) {
	if e == nil {
		return
	}
	if up, ok := t["ffn_up_exps"]; ok && len(up.Shape) > 1 {
		c.number("experts.intermediate", &e.Intermediate, up.Shape[1], up)
	}
	if up, ok := t["ffn_up_shexp"]; ok && len(up.Shape) > 1 {
		c.number("experts.shared_width", &e.SharedIntermediate, up.Shape[1], up)
	}
}

// number holds one fact against a shape and takes on the shape's.
func (c *checker) number(field string, fact *int64, shape int64, by arch.Tensor) {
	if *fact == shape {
		c.agreed[field] = true
		return
	}
	c.report(arch.Contradiction{
		Field: field, Kept: fmt.Sprint(shape), KeptBy: fmt.Sprintf("%s %v of %s", tensor.Generic(by.Name), by.Shape, c.source),
		Dropped: fmt.Sprint(*fact), DropBy: c.said(field),
		Why: "a weight has the shape it has; the config only describes it",
	})
	*fact = shape
	c.set(field, arch.FromTensors, tensor.Generic(by.Name)+" of "+c.source)
}

func (c *checker) report(found arch.Contradiction) {
	if c.seen[found] {
		return
	}
	c.seen[found] = true
	c.facts.Contradictions = append(c.facts.Contradictions, found)
}

// said is where a fact came from before the shapes were looked at.
func (c *checker) said(field string) string {
	if p, ok := c.before[field]; ok {
		return p.Detail
	}
	return "the default"
}

func (c *checker) set(field string, origin arch.Origin, detail string) {
	c.facts.Provenance[field] = arch.Provenance{Origin: origin, Detail: detail}
}

func (c *checker) noteAgreement() {
	for field := range c.agreed {
		p, ok := c.facts.Provenance[field]
		if ok && p.Origin != arch.FromTensors {
			c.set(field, p.Origin, p.Detail+"; the tensor shapes agree")
		}
	}
}
