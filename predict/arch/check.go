package arch

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

// roles are the tensors whose shapes say what a config says too, as GGUF and
// Hugging Face call them behind the layer's number.
var roles = map[string]string{
	"attn_q.weight": "query", "self_attn.q_proj.weight": "query",
	"attn_k.weight": "key", "self_attn.k_proj.weight": "key",
	"attn_v.weight": "value", "self_attn.v_proj.weight": "value",
	"attn_q_norm.weight": "query_norm", "self_attn.q_norm.weight": "query_norm",
	"ffn_up.weight": "up", "mlp.up_proj.weight": "up", "feed_forward.up_proj.weight": "up",
	"ffn_gate.weight": "gate", "mlp.gate_proj.weight": "gate", "feed_forward.gate_proj.weight": "gate",
	"ffn_gate_inp.weight": "router", "mlp.gate.weight": "router", "mlp.router.weight": "router",
	"block_sparse_moe.gate.weight": "router", "feed_forward.router.weight": "router",
	"block_sparse_moe.router.layer.weight": "router",
	"ffn_up_exps.weight":                   "expert_up", "mlp.experts.0.up_proj.weight": "expert_up",
	"mlp.switch_mlp.up_proj.weight": "expert_up", "block_sparse_moe.switch_mlp.up_proj.weight": "expert_up",
	"ffn_up_shexp.weight": "shared_up", "mlp.shared_expert.up_proj.weight": "shared_up",
	"mlp.shared_experts.up_proj.weight": "shared_up", "feed_forward.shared_expert.up_proj.weight": "shared_up",
	"attn_kv_a_norm.weight": "latent_norm", "self_attn.kv_a_layernorm.weight": "latent_norm",
}

// globalRoles are the same for tensors outside the layers.
var globalRoles = map[string]string{
	"token_embd.weight": "embedding", "model.embed_tokens.weight": "embedding",
	"language_model.model.embed_tokens.weight": "embedding", "model.language_model.embed_tokens.weight": "embedding",
	"backbone.embeddings.weight": "embedding", "backbone.embedding.weight": "embedding",
	"output_norm.weight": "norm", "model.norm.weight": "norm", "language_model.model.norm.weight": "norm",
	"model.language_model.norm.weight": "norm", "backbone.norm_f.weight": "norm",
	"output.weight": "head", "lm_head.weight": "head", "language_model.lm_head.weight": "head",
}

var layerName = regexp.MustCompile(`^(?:blk|(?:.*\.)?layers)\.(\d+)\.(.+)$`)

// otherTowers are parts of a multimodal model that the facts leave out.
var otherTowers = regexp.MustCompile(`vision|visual|audio|image|^mtp\.`)

// checker holds facts against tensor shapes. A shape wins over a config, which
// only describes it.
type checker struct {
	facts  *Facts
	source string
	before map[string]Provenance
	global map[string]Tensor
	layer  map[int]map[string]Tensor
	seen   map[Contradiction]bool
	agreed map[string]bool
}

// withTensors takes on a tensor table and reports where it and the facts part.
func (f Facts) withTensors(table []Tensor, source string) (Facts, error) {
	f.Tensors = table
	before := f.Provenance
	f.Provenance = maps.Clone(before)
	c := &checker{facts: &f, source: source, before: before, global: map[string]Tensor{}, layer: map[int]map[string]Tensor{},
		seen: map[Contradiction]bool{}, agreed: map[string]bool{}}
	c.sort(table)
	c.checkGlobals()
	for i := range f.Layers {
		c.checkAttention(f.Layers[i].Attention, c.layer[i])
		c.checkFeedForward(f.Layers[i].FeedForward, c.layer[i])
	}
	c.countDrafts(table)
	c.noteAgreement()
	if err := f.Validate(); err != nil {
		return Facts{}, fmt.Errorf("%s: after the tensor shapes were taken for true: %w", source, err)
	}
	return f, nil
}

func (c *checker) sort(table []Tensor) {
	for _, t := range table {
		if otherTowers.MatchString(t.Name) || len(t.Shape) == 0 {
			continue
		}
		if role, ok := globalRoles[t.Name]; ok {
			c.global[role] = t
			continue
		}
		m := layerName.FindStringSubmatch(t.Name)
		if m == nil {
			continue
		}
		i, err := strconv.Atoi(m[1])
		role, ok := roles[m[2]]
		if err != nil || !ok {
			continue
		}
		if c.layer[i] == nil {
			c.layer[i] = map[string]Tensor{}
		}
		c.layer[i][role] = t
	}
}

// countDrafts takes the blocks that predict further tokens from the table: a
// copy of a model often comes without them, whatever its config says.
func (c *checker) countDrafts(table []Tensor) {
	blocks := map[int]bool{}
	for _, t := range table {
		if i, ok := draftBlock(t.Name, len(c.facts.Layers)); ok {
			blocks[i] = true
		}
	}
	if found := int64(len(blocks)); found != c.facts.DraftLayers {
		c.set("draft_layers", FromTensors, fmt.Sprintf("%d blocks behind layer %d of %s, where %s says %d",
			found, len(c.facts.Layers)-1, c.source, c.said("draft_layers"), c.facts.DraftLayers))
		c.facts.DraftLayers = found
	}
}

// draftBlock is the block that a tensor of multi-token prediction is in: one
// numbered behind the model's own, or of a module "mtp" beside them.
func draftBlock(name string, layers int) (int, bool) {
	m := layerName.FindStringSubmatch(name)
	if strings.HasPrefix(strings.TrimPrefix(name, "model."), "mtp.") {
		if m == nil {
			return layers, true
		}
		i, err := strconv.Atoi(m[1])
		return layers + i, err == nil
	}
	if m == nil || otherTowers.MatchString(name) {
		return 0, false
	}
	i, err := strconv.Atoi(m[1])
	return i, err == nil && i >= layers
}

// rows is a matrix's number of outputs. A quantised matrix of MLX packs its
// inputs and keeps its rows.
func rows(t Tensor) int64 { return t.Shape[len(t.Shape)-1] }

func (c *checker) checkGlobals() {
	if t, ok := c.global["embedding"]; ok {
		c.number("vocab", &c.facts.Vocab, rows(t), t)
	}
	if t, ok := c.global["norm"]; ok {
		c.number("hidden", &c.facts.Hidden, rows(t), t)
	}
	if _, ok := c.global["embedding"]; !ok {
		return
	}
	head, ok := c.global["head"]
	switch {
	case ok && c.facts.TiedEmbeddings:
		c.report(Contradiction{Field: "tied_embeddings", Kept: "true", KeptBy: c.said("tied_embeddings"),
			Dropped: "false", DropBy: head.Name + " of " + c.source,
			Why: "a runtime ties the two whatever the file holds"})
	case !ok && !c.facts.TiedEmbeddings:
		c.facts.TiedEmbeddings = true
		c.report(Contradiction{Field: "tied_embeddings", Kept: "true", KeptBy: "no output head in " + c.source,
			Dropped: "false", DropBy: c.said("tied_embeddings"),
			Why: "without a head of its own the model can only use the embedding"})
	default:
		c.agreed["tied_embeddings"] = true
	}
}

// checkAttention takes the head dimension from the norm of the queries where
// there is one, else from the query rows and the heads, and the KV heads from the key rows.
func (c *checker) checkAttention(a *Attention, t map[string]Tensor) {
	if norm, ok := t["latent_norm"]; ok && a != nil && a.MLA != nil {
		c.number("mla.kv_lora_rank", &a.MLA.KVLoraRank, rows(norm), norm)
	}
	query, ok := t["query"]
	if a == nil || a.MLA != nil || !ok {
		return
	}
	width := rows(query)
	if a.Gated {
		width /= 2
	}
	by, dim := query, int64(0)
	if norm, ok := t["query_norm"]; ok && perHead(rows(norm), width) {
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
	if key, ok := t["key"]; ok && rows(key)%dim == 0 {
		c.number("attention.kv_heads", &a.KVHeads, rows(key)/dim, key)
	}
	if _, ok := t["query_norm"]; ok && c.facts.Family == "" {
		a.QKNorm = true
	}
}

// perHead: a norm this long covers one head of the width, not all at once.
func perHead(norm, width int64) bool { return norm > 0 && norm < width && width%norm == 0 }

func (c *checker) checkFeedForward(ff *FeedForward, t map[string]Tensor) {
	if ff == nil {
		return
	}
	if router, ok := t["router"]; ok && ff.Experts != nil {
		c.number("experts.count", &ff.Experts.Count, rows(router), router)
	}
	c.checkExperts(ff.Experts, t)
	up, ok := t["up"]
	if !ok || ff.Experts != nil {
		return
	}
	gate, gated := t["gate"]
	if c.facts.Family == "" {
		ff.Gated = gated
		c.set("feed_forward.gated", FromTensors, cmp.Or(gate.Name, "no gate beside "+up.Name)+" of "+c.source)
	}
	if width := rows(up); width != 2*ff.Intermediate { // gate and up in one, as phi3 has it
		c.number("feed_forward.intermediate", &ff.Intermediate, width, up)
	}
}

// checkExperts takes widths from one expert's matrix, or from a stack of them.
func (c *checker) checkExperts(e *Experts, t map[string]Tensor) {
	if e == nil {
		return
	}
	if up, ok := t["expert_up"]; ok && len(up.Shape) > 1 {
		c.number("experts.intermediate", &e.Intermediate, up.Shape[1], up)
	}
	if up, ok := t["shared_up"]; ok && len(up.Shape) > 1 {
		c.number("experts.shared_width", &e.SharedIntermediate, up.Shape[1], up)
	}
}

// number holds one fact against a shape and takes on the shape's.
func (c *checker) number(field string, fact *int64, shape int64, by Tensor) {
	if *fact == shape {
		c.agreed[field] = true
		return
	}
	c.report(Contradiction{
		Field: field, Kept: fmt.Sprint(shape), KeptBy: fmt.Sprintf("%s %v of %s", generic(by.Name), by.Shape, c.source),
		Dropped: fmt.Sprint(*fact), DropBy: c.said(field),
		Why: "a weight has the shape it has; the config only describes it",
	})
	*fact = shape
	c.set(field, FromTensors, generic(by.Name)+" of "+c.source)
}

// generic leaves the layer's number out, so that layers alike report once.
func generic(name string) string {
	m := layerName.FindStringSubmatchIndex(name)
	if m == nil {
		return name
	}
	return name[:m[2]] + "N" + name[m[3]:]
}

func (c *checker) report(found Contradiction) {
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

func (c *checker) set(field string, origin Origin, detail string) {
	c.facts.Provenance[field] = Provenance{Origin: origin, Detail: detail}
}

func (c *checker) noteAgreement() {
	for field := range c.agreed {
		p, ok := c.facts.Provenance[field]
		if ok && p.Origin != FromTensors {
			c.set(field, p.Origin, p.Detail+"; the tensor shapes agree")
		}
	}
}
