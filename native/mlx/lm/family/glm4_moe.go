package family

import (
	"fmt"

	"assay/native/mlx/lm/block"
)

func init() { Register(glm4MoE, "glm4_moe") }

// glm4MoE is mlx_lm/models/glm4_moe.py. It reads neither rope_scaling nor
// tie_word_embeddings, and drops the layer behind the last, which predicts more
// tokens.
func glm4MoE(b *block.Builder) *block.Network {
	d := HeadedDims(b)
	intermediate, dense := b.Integer("intermediate_size"), b.Count("first_k_dense_replace")
	bias, normed := b.Boolean("attention_bias"), b.Boolean("use_qk_norm")
	turned := int(float64(d.HeadDim) * b.Float("partial_rotary_factor"))
	rope := block.PlainRope(turned, d.HeadDim, b.Float("rope_theta"), false)
	experts := groupedExperts(b, d.Hidden, 0)
	b.Ignore(fmt.Sprintf("model.layers.%d.", d.Layers))
	n := b.Base(d, false)
	for i := range d.Layers {
		path := block.LayerPath(i)
		o := block.AttentionOptions{Bias: bias, Rope: rope}
		if normed {
			o.Norms = b.Norm
		}
		a := b.Attention(path+".self_attn", d, o)
		var f block.FeedForward
		if i >= dense {
			f = experts(path + ".mlp")
		} else {
			f = b.MLP(path+".mlp", d.Hidden, intermediate, false, block.SwigluGate)
		}
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, f))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// groupedExperts reads how deepseek_v3 and its kin route, and returns what takes
// the experts of a layer at a path. epsilon is added to the sum of the weights.
func groupedExperts(b *block.Builder, hidden int, epsilon float64) func(path string) *block.Routed {
	all, width := b.Integer("n_routed_experts"), b.Integer("moe_intermediate_size")
	shared := b.Count("n_shared_experts", 0)
	r := block.Routing{
		Chosen: b.Integer("num_experts_per_tok", 1), Groups: b.Integer("n_group", 1), KeptGroups: b.Integer("topk_group", 1),
		Normalise: b.Boolean("norm_topk_prob", true), Epsilon: epsilon, Scale: b.Float("routed_scaling_factor", 1),
	}
	if method := b.Text("topk_method", "noaux_tc"); method != "noaux_tc" {
		b.Note("topk_method is %s: mlx-lm has noaux_tc alone", method)
	}
	if all%r.Groups != 0 || r.KeptGroups > r.Groups || r.Chosen > all {
		b.Note("%d experts in %d groups, of which %d are kept for %d, do not fit", all, r.Groups, r.KeptGroups, r.Chosen)
	}
	return func(path string) *block.Routed {
		m := &block.Routed{
			Routing: r,
			Gate:    b.Bare(path+".gate", all, hidden),
			Bias:    b.Vector(path+".gate.e_score_correction_bias", all),
			Experts: b.SwitchGLU(path+".switch_mlp", block.ExpertOptions{
				All: all, Chosen: r.Chosen, Hidden: hidden, Width: width, Combine: block.SwigluGate,
				Names: block.PerExpert(path+".experts", "gate_proj", "up_proj", "down_proj"),
			}),
		}
		if shared > 0 {
			m.Shared = b.MLP(path+".shared_experts", hidden, shared*width, false, block.SwigluGate)
		}
		return m
	}
}
