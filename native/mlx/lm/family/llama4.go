package family

import (
	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/cache"
)

func init() { Register(llama4, "llama4") }

// llama4 is mlx_lm/models/llama4.py: attention in chunks on three of four layers,
// which turn; the fourth does not turn and looks at everything.
func llama4(b *block.Builder) *block.Network {
	return Inner(b, "language_model.", llama4Text)
}

func llama4Text(b *block.Builder) *block.Network {
	b.Ignore("vision_model")
	b.Ignore("multi_modal_projector")
	d := HeadedDims(b)
	chunk, step := b.Integer("attention_chunk_size"), b.Integer("interleave_moe_layer_step")
	bias, normed := b.Boolean("attention_bias"), b.Boolean("use_qk_norm")
	width, dense := b.Integer("intermediate_size"), b.Integer("intermediate_size_mlp")
	experts, chosen := b.Experts("num_local_experts")
	if chosen != 1 {
		b.Note("num_experts_per_tok %d: mlx-lm's llama4 takes 1", chosen)
	}
	if d.Layers < 4 {
		b.Note("num_hidden_layers %d is less than 4, which mlx-lm's llama4 cannot run", d.Layers)
		return nil
	}
	rope := b.Rope(block.RopeOptions{Dims: d.HeadDim, HeadDim: d.HeadDim, Base: b.Float("rope_theta"),
		Traditional: true, Scaling: b.Scaling()})
	t := &llama4Temperature{floor: b.Float("floor_scale", 8192), scale: b.Float("attn_scale", 0.1)}
	n := b.Base(d, false)
	n.Masks = []cache.MaskRule{{From: 3}, {From: 0}}
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Bias: bias, OutBias: bias})
		switch {
		case (i+1)%4 != 0:
			a.Rope, a.NormsAt = rope, block.BehindRope
			n.Caches[i].Chunk, n.Of[i].Mask = chunk, 1
			if normed {
				a.QNorm, a.KNorm = block.Unweighted(1e-6), block.Unweighted(1e-6)
			}
		case b.Count("attn_temperature_tuning", 4) != 0:
			a.Adjust = t.adjust
		}
		at := path + ".feed_forward"
		var f block.FeedForward
		if i%step == step-1 {
			f = &llama4Experts{
				router: b.Linear(at+".router", experts, d.Hidden, false),
				experts: b.SwitchGLU(at+".experts", block.ExpertOptions{
					All: experts, Chosen: 1, Hidden: d.Hidden, Width: width, Combine: block.SwigluGate,
					Joined: at + ".experts.gate_up_proj", Down: at + ".experts.down_proj", Swapped: true,
				}),
				shared: b.MLP(at+".shared_expert", d.Hidden, width, false, block.SwigluGate),
			}
		} else {
			f = b.MLP(at, d.Hidden, dense, false, block.SwigluGate)
		}
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, f))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.ChoosesCaches = true
	return n
}

// llama4Temperature lets queries of layers that do not turn grow with their position.
type llama4Temperature struct{ floor, scale float64 }

func (t *llama4Temperature) adjust(st *cache.Step, q mlx.Array, offset int) mlx.Array {
	s := st.S
	number := func(n float64) mlx.Array { return s.Scalar(n, mlx.Float32) }
	at := s.AsType(s.Arange(float64(offset+1), float64(offset+st.Tokens+1), 1, mlx.Int32), mlx.Float32)
	grown := s.Log(s.Add(s.Floor(s.Divide(at, number(t.floor))), number(1)))
	scales := s.ExpandDims(s.Add(s.Multiply(grown, number(t.scale)), number(1)), 1)
	return s.AsType(s.Multiply(q, scales), s.Type(q))
}

// llama4Experts is MoE: one expert a token, fed by its score.
type llama4Experts struct {
	router  *block.Linear
	experts *block.SwitchGLU
	shared  *block.MLP
}

func (m *llama4Experts) Forward(st *cache.Step, x mlx.Array) mlx.Array {
	s := st.S
	logits := m.router.Forward(s, x)
	indices := block.FirstChosen(st, s.ArgPartition(s.Negative(logits), 0), 1)
	scores := s.AsType(s.Sigmoid(s.AsType(s.TakeAlong(logits, indices), mlx.Float32)), s.Type(x))
	y := s.Squeeze(m.experts.Forward(st, s.Multiply(x, scores), indices), 2)
	return s.Add(y, m.shared.Forward(st, x))
}
