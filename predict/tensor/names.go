// Package tensor is the catalogue of tensors: how GGUF and Hugging Face call
// them. It must not know a family, a runtime or what a tensor costs.
package tensor

import (
	"regexp"
	"strconv"
	"strings"
)

// Roles are the tensors whose shapes say what a config says too, as GGUF and
// Hugging Face call them behind the layer's number.
var Roles = map[string]string{
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

// GlobalRoles are the same for tensors outside the layers.
var GlobalRoles = map[string]string{
	"token_embd.weight": "embedding", "model.embed_tokens.weight": "embedding",
	"language_model.model.embed_tokens.weight": "embedding", "model.language_model.embed_tokens.weight": "embedding",
	"backbone.embeddings.weight": "embedding", "backbone.embedding.weight": "embedding",
	"output_norm.weight": "norm", "model.norm.weight": "norm", "language_model.model.norm.weight": "norm",
	"model.language_model.norm.weight": "norm", "backbone.norm_f.weight": "norm",
	"output.weight": "head", "lm_head.weight": "head", "language_model.lm_head.weight": "head",
}

var LayerName = regexp.MustCompile(`^(?:blk|(?:.*\.)?layers)\.(\d+)\.(.+)$`)

// OtherTowers are parts of a multimodal model that the facts leave out.
var OtherTowers = regexp.MustCompile(`vision|visual|audio|image|^mtp\.`)

// DraftBlock is the block that a tensor of multi-token prediction is in: one
// numbered behind the model's own, or of a module "mtp" beside them.
func DraftBlock(name string, layers int) (int, bool) {
	m := LayerName.FindStringSubmatch(name)
	if strings.HasPrefix(strings.TrimPrefix(name, "model."), "mtp.") {
		if m == nil {
			return layers, true
		}
		i, err := strconv.Atoi(m[1])
		return layers + i, err == nil
	}
	if m == nil || OtherTowers.MatchString(name) {
		return 0, false
	}
	i, err := strconv.Atoi(m[1])
	return i, err == nil && i >= layers
}

// Generic leaves the layer's number out, so that layers alike report once.
func Generic(name string) string {
	m := LayerName.FindStringSubmatchIndex(name)
	if m == nil {
		return name
	}
	return name[:m[2]] + "N" + name[m[3]:]
}
